"""A time in several columns."""

from rnnviz.tasks.data.csv_table import read_csv
from rnnviz.tasks.data.time_columns import time_cells
from tests.sampling import each_row


@each_row(
    ("header", "row", "expected"),
    [
        ("year,month", "2020,3", "2020-03"),
        ("month,year", "3,2020", "2020-03"),
        ("year,month", "2020,Mar", "Mar 2020"),
        ("year,month,day", "2020,12,1", "2020-12-01"),
        ("year,month,day,hour", "2020,3,15,7", "2020-03-15 07:00"),
        ("year,month,day,hour,minute", "2020,3,15,7,5", "2020-03-15 07:05"),
        ("year,quarter", "2020,Q3", "2020 q3"),
        ("year,quarter", "2020,3", "2020 q3"),
        ("day,clock", "15.03.2020,7:05", "15.03.2020 7:05"),
        ("day,hour", "15.03.2020,7", "15.03.2020 07:00"),
        ("day,clock", "15.03.2020,18.00.00", "15.03.2020 18:00:00"),
        ("year,month", "2020,", ""),
        ("year,month", "2020.0,3.0", "2020-03"),
    ],
)
def test_a_time_in_several_columns_is_joined(header, row, expected):
    cells = read_csv(f"{header},x\n{row},1\n{row},2\n", "a.csv")
    assert {*time_cells(cells, header.split(","))} == {expected}
