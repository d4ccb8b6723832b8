"""The tabs of the page *Hidden states*: one file per tab, with its layout and drawing."""
