#!/usr/bin/python3
"""The Grafana dashboard against the table of metrics in docs/operating.md: a name that does not exist draws an empty panel, and nobody notices."""
import json
import re
import unittest

import base

DASHBOARD = base.ROOT / "examples" / "grafana" / "coaxd.json"
OPERATING = base.ROOT / "docs" / "operating.md"


class Dashboard(unittest.TestCase):
    def setUp(self):
        self.dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
        self.metrics = dict(re.findall(r"^\| `(coaxd_\w+)` \| (counter|gauge|histogram) \|", OPERATING.read_text(encoding="utf-8"), re.M))
        self.panels = [panel for panel in self.dashboard["panels"] if panel["type"] != "row"]
        self.expressions = [target["expr"] for panel in self.panels for target in panel["targets"]] + \
                           [one["expr"] for one in self.dashboard["annotations"]["list"]]

    def known(self, name):
        """A histogram has three names besides its own."""
        plain = re.sub(r"_(bucket|sum|count)$", "", name)
        return self.metrics.get(name) or (self.metrics.get(plain) == "histogram" and "counter")

    def test_every_metric_exists(self):
        self.assertGreater(len(self.metrics), 50)
        names = {name for expression in self.expressions for name in re.findall(r"\bcoaxd_\w+", expression)}
        self.assertEqual([], sorted(name for name in names if not self.known(name)))
        self.assertGreater(len(names), 40)

    def test_counters_are_drawn_as_rates_and_gauges_as_they_are(self):
        for expression in self.expressions:
            for rate, name in re.findall(r"((?:rate|increase)\()?(coaxd_\w+)", expression):
                self.assertEqual(bool(rate), self.known(name) == "counter", expression)

    def test_expressions_are_whole_and_of_the_chosen_server(self):
        for expression in self.expressions:
            for opening, closing in ("()", "{}", "[]"):
                self.assertEqual(expression.count(opening), expression.count(closing), expression)
            for matchers in re.findall(r"coaxd_\w+(\{[^}]*\})?", expression):
                self.assertIn('instance=~"$instance"', matchers, expression)

    def test_legends_use_labels_that_the_expression_keeps(self):
        for panel in self.panels:
            for target in panel["targets"]:
                grouped = re.search(r"\bby \(([^)]*)\)", target["expr"])
                kept = set(grouped[1].replace(" ", "").split(",")) if grouped else set() if "sum(" in target["expr"] else None
                used = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
                if kept is not None:
                    self.assertLessEqual(used, kept, target)

    def test_panels_stand_beside_each_other(self):
        taken = {}
        for panel in self.dashboard["panels"]:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])):
                self.assertNotIn(cell, taken, f'{panel["title"]} lies on {taken.get(cell)}')
                taken[cell] = panel["title"]
        self.assertEqual(len(self.dashboard["panels"]), len({panel["id"] for panel in self.dashboard["panels"]}))
        self.assertEqual(len(self.panels), len({panel["title"] for panel in self.panels}))

    def test_it_is_tied_to_no_installation(self):
        for panel in self.panels:
            self.assertEqual("${datasource}", panel["datasource"]["uid"])
            self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
        self.assertEqual(["datasource", "instance"], [one["name"] for one in self.dashboard["templating"]["list"]])


if __name__ == "__main__":
    unittest.main()
