"""Run by `python -m unittest`, while the servers run (`./services start`)."""

import unittest
import uuid

from guests import connect_counter, connect_database, visit


class TestGuests(unittest.TestCase):
    def setUp(self) -> None:
        self.name = f"test-{uuid.uuid4()}"

    def tearDown(self) -> None:
        with connect_database() as database:
            database.execute("DELETE FROM guest WHERE name = %s", [self.name])
        with connect_counter() as counter:
            counter.delete(f"visits:{self.name}")

    def test_visits_are_counted(self) -> None:
        first, guests = visit(self.name)
        self.assertEqual((first, visit(self.name)), (1, (2, guests)))


if __name__ == "__main__":
    unittest.main()
