import unittest

import prices


class PricesTest(unittest.TestCase):
    def test_line_total(self):
        self.assertEqual(prices.line_total(250, 4), 1000)

    def test_negative_quantity_is_refused(self):
        with self.assertRaises(ValueError):
            prices.line_total(250, -1)

    def test_no_discount_below_ten(self):
        self.assertEqual(prices.discount_percent(9), 0)

    def test_ten_pieces_are_ten_percent(self):
        self.assertEqual(prices.discount_percent(10), 10)

    def test_hundred_pieces_are_twenty_percent(self):
        self.assertEqual(prices.discount_percent(100), 20)

    def test_order_total(self):
        self.assertEqual(prices.order_total([(100, 1), (100, 100)]), 8100)

    def test_shipping(self):
        self.assertEqual(prices.shipping(4999), 490)
        self.assertEqual(prices.shipping(5000), 0)
