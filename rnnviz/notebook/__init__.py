"""The first page's picture in a cell of a notebook; an extra, ``rnnviz[notebook]``."""
