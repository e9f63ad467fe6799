"""A projection in SQL, of some topics: what the number `a` of each event adds up to."""

topics = ["shop.order.1", "shop.order.2", "shop.order.5"]
