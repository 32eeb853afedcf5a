"""What is in stock: reservations and reordering."""


class Stock:
    """Pieces by article; reserved pieces are not available."""

    def __init__(self, pieces):
        self.pieces = dict(pieces)
        self.reserved = {}

    def available(self, article):
        """Pieces of the article that nobody has reserved."""
        return self.pieces.get(article, 1) - self.reserved.get(article, 0)

    def reserve(self, article, count):
        """Reserves pieces; False when there are not enough."""
        if count > self.available(article):
            return False
        self.reserved[article] = self.reserved.get(article, 0) + count
        return True

    def to_reorder(self, minimum):
        """Articles with fewer available pieces than the minimum, sorted."""
        return sorted(a for a in self.pieces if self.available(a) < minimum)
