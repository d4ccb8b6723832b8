"""CellColumns: in which column and row of the drawing every symbol of a cell stands."""

from __future__ import annotations

from rnnviz.questions.step.cell_diagram import Diagram, Symbol, Wire


class CellColumns:
    """The columns from left to right: what a symbol reads is never right of it.

    A leaf stands on the lower row, an operation on the upper one, over what was placed last; a
    highway's operation stands over its operand. ``riser`` says whose value goes up in a column.
    """

    def __init__(self, diagram: Diagram) -> None:
        self.diagram, self.count = diagram, 0
        self.at: dict[Symbol, int] = {}
        self.leaf: dict[int, Symbol] = {}
        self.mid: dict[int, Symbol] = {}
        self.riser: dict[int, Symbol] = {}
        self._depths: dict[Symbol, int] = {}
        for way in diagram.ways:
            for op in way.ops:
                self._place(diagram.of(op))
        for symbol in diagram.symbols:
            if symbol.kind != "after":
                self._place(symbol)
        for symbol in diagram.symbols:
            if symbol.kind == "after":
                self.at[symbol] = self.count

    def clear(self, first: int, last: int) -> bool:
        """Whether no operation stands on the upper row from column ``first`` to ``last``."""
        return not any(column in self.mid for column in range(first, last + 1))

    def _new(self) -> int:
        self.count += 1
        return self.count - 1

    def _depth(self, symbol: Symbol) -> int:
        if symbol not in self._depths:
            below = (self._depth(wire.source) for wire in symbol.wires)
            self._depths[symbol] = 1 + max(below, default=0)
        return self._depths[symbol]

    def _place(self, symbol: Symbol) -> None:
        if symbol in self.at or symbol.is_source:
            return
        if symbol.way is not None:
            self._place_on_way(symbol)
            return
        for wire in sorted(symbol.wires, key=lambda wire: -self._depth(wire.source)):
            self._place(wire.source)
        if symbol.is_leaf:
            self.at[symbol] = column = self._new()
            self.leaf[column] = symbol
        else:
            self.at[symbol] = column = self._over_last(symbol)
            self.mid[column] = symbol

    def _over_last(self, symbol: Symbol) -> int:
        """The last column, if only a leaf stands there that the symbol reads once."""
        last = self.count - 1
        # Wires that part would lead back.
        read = sum(wire.source is self.leaf.get(last) for wire in symbol.wires) == 1
        free = last not in self.mid and last not in self.riser
        return last if last >= 0 and read and free else self._new()

    def _place_on_way(self, symbol: Symbol) -> None:
        path, *others = symbol.wires
        for wire in symbol.wires:
            self._place(wire.source)
        least = self.at.get(path.source, -1)
        self.at[symbol] = self._over(others, least)

    def _over(self, others: list[Wire], least: int) -> int:
        """The column of what a highway's operation reads, if it can stand over it."""
        for source in (wire.source for wire in others):
            column = self.at.get(source, -1)
            top = self.mid.get(column, self.leaf.get(column))
            if column > least and top is source and self.riser.get(column, source) is source:
                self.riser[column] = source
                return column
        return self._new()
