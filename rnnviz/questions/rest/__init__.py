"""Question *Where does the state rest?*."""
