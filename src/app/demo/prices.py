"""Prices of an order: line totals, quantity discounts, shipping."""


def line_total(unit_price, quantity):
    """Price of one line in cents."""
    if quantity < 0:
        raise ValueError("quantity must not be negative")
    return unit_price * quantity


def discount_percent(quantity):
    """Quantity discount: 10 % from 10 pieces, 20 % from 100 pieces."""
    if quantity > 100:
        return 20
    if quantity >= 10:
        return 10
    return 0


def order_total(lines):
    """Total in cents of (unit price, quantity) lines with their discounts, rounded down."""
    total = 0
    for unit_price, quantity in lines:
        price = line_total(unit_price, quantity)
        total += price - price * discount_percent(quantity) // 100
    return total


def shipping(total):
    """Shipping in cents: free from 50.00, else 4.90."""
    return 0 if total >= 5000 else 490
