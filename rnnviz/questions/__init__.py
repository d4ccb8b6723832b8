"""The questions: a folder each, with what it measures, its pictures, its tab, and its texts.

- measure.py: its own measurements, and the lab that caches them
- pictures.py: from numbers to pictures
- tab.py: the controls, the answer, and the charts, as ``TAB``
- text.md: the explanation of each chart

A new question is such a folder and a line in probe/questions.py.
"""
