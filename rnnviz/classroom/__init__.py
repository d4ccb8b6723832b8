"""The class: a lesson that many guess at once, by hand or with phones."""
