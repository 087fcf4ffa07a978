"""That the benches read right what programs print, and show right what they found: `python3 -m unittest discover tests/bench`."""

import decimal
import unittest

import figures
import ledgers
import report


def line(what, count, micros, p99=None, ratio=None):
    slow = {"p99_micros": p99} if p99 else {}
    against = "bare inserts" if ratio else None
    return {
        "what": what,
        "count": count,
        "median_micros": micros,
        "spread_micros": [micros, micros],
        "per_second": count * 1_000_000 // micros,
        "ratio": ratio,
        "against": against,
        **slow,
    }


class Reading(unittest.TestCase):
    spent = {"BENCH-000001": decimal.Decimal("1234.50"), "BENCH-000002": decimal.Decimal("7.00")}

    def test_answers_of_ledgers(self):
        csv = '"account","balance"\n"Expenses:BENCH-000001","1234.50 CNY"\n"Expenses:BENCH-000002","7.00 CNY"\n'
        self.assertEqual(ledgers.Hledger().spent(csv), self.spent)
        self.assertEqual(ledgers.LedgerCli().spent("Expenses:BENCH-000001,1234.50\nExpenses:BENCH-000002,7\n"), self.spent)
        self.assertEqual(ledgers.DuckDb("NDJSON").spent("project/BENCH-000001,1234.50\nproject/BENCH-000002,7.00\n"), self.spent)

    def test_answer_of_tackler(self):
        text = "Balance Report\n---\n       1234.50   Expenses:BENCH-000001\n          7.00   Expenses:BENCH-000002\n=====\n  1241.50\n"
        self.assertEqual(ledgers.Tackler().spent(text), self.spent)


class Showing(unittest.TestCase):
    def test_figures(self):
        self.assertEqual([report.counted(value) for value in (1489.6, 357_432, 3.567, 0.0412)], ["1,490", "357,000", "3.57", "0.0412"])
        self.assertEqual([report.duration(value) for value in (0.0000021, 0.0186, 5.2, 7200)], ["2.1 µs", "18.6 ms", "5.2 s", "2 h"])

    def test_median_and_spread(self):
        figure = report.Figures()
        for value in (3_000, 1_000, 2_000):
            figure.add(value)
        self.assertEqual(figure.shown(), "2,000 (1,000–3,000)")

    def test_a_table(self):
        self.assertEqual(report.table(["", "rate:"], [["karez", "1"]]), "|  | rate |\n| --- | ---: |\n| karez | 1 |")

    def test_growth_is_of_one_piece(self):
        self.assertEqual(figures.growth_of(line("fold", 100, 1_000), line("fold", 1_000, 20_000)), 2)
        self.assertEqual(figures.growth_of(line("page", 50, 200, p99=400), line("page", 50, 300, p99=500)), 1.5)

    def test_figures_and_goals_where_a_bench_has_one_size_or_is_not_there(self):
        larger = {"bus": [line("drained from the intake", 1_000, 10_000), line("submitted together", 1_000, 100_000)]}
        self.assertIn("| bus | drained from the intake | – | 100,000/s |", figures.figures_in_markdown({}, larger))
        both = {**larger, **{bench: self.lines_of(bench) for bench in figures.BENCHES}}
        goals = figures.goals_in_markdown(both, both, 151)
        self.assertIn("drained from the intake: a second | ≥ 130,000 | 100,000 | no |", goals)
        self.assertIn("asked for by the fold | ≤ 150 | 151 | no |", goals)
        without = {bench: lines for bench, lines in both.items() if bench != "bus"}
        self.assertNotIn("drained", figures.goals_in_markdown(without, without, 150))

    @staticmethod
    def lines_of(bench):
        return [line(beginning, 1, 100, p99=200, ratio="1") for of, beginning, *_ in figures.GOALS if of == bench]

    def test_the_fold_on_paper(self):
        small = {"fold": [line("fold from the start", 100, 200), line("fold from the snapshot", 100, 100)]}
        large = {"fold": [line("fold from the start", 1_000, 2_000), line("fold from the snapshot", 1_000, 1_000)]}
        past = "the whole portfolio as it was known half the log ago"
        small["query"], large["query"] = [line(past, 1, 100)], [line(past, 1, 1_000)]
        self.assertIn("fold from the start: 2.00 µs a posting more, 3.33 min for 100,000,000", figures.on_paper(small, large, 900))


if __name__ == "__main__":
    unittest.main()
