"""The page; the only Streamlit imports."""
