import unittest

from stock import Stock


class StockTest(unittest.TestCase):
    def test_available(self):
        self.assertEqual(Stock({"nut": 5}).available("nut"), 5)
        self.assertEqual(Stock({}).available("bolt"), 0)

    def test_reserve_takes_pieces(self):
        stock = Stock({"nut": 5})
        self.assertTrue(stock.reserve("nut", 3))
        self.assertEqual(stock.available("nut"), 2)

    def test_reservations_add_up(self):
        stock = Stock({"nut": 5})
        self.assertTrue(stock.reserve("nut", 2))
        self.assertTrue(stock.reserve("nut", 2))
        self.assertEqual(stock.available("nut"), 1)

    def test_too_many_are_refused(self):
        stock = Stock({"nut": 5})
        self.assertFalse(stock.reserve("nut", 6))
        self.assertEqual(stock.available("nut"), 5)

    def test_to_reorder(self):
        self.assertEqual(Stock({"nut": 5, "bolt": 1, "cap": 2}).to_reorder(3), ["bolt", "cap"])
