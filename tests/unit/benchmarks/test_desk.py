"""What the rows of the desk are made of."""

import pytest

from tests.benchmarks.desk import percentile


@pytest.mark.parametrize(("percent", "value"), [(50, 50.5), (95, 95.05), (99, 99.01)])
def test_a_percentile_lies_above_so_many_hundredths(percent: int, value: float) -> None:
    assert percentile([float(each) for each in range(1, 101)], percent) == pytest.approx(value)


def test_the_percentile_of_equal_values_is_that_value() -> None:
    assert percentile([3.0, 3.0], 95) == 3.0
