import unittest

from tools import ToolError, greet


class Greet(unittest.TestCase):
    def test_somebody_is_greeted_by_name(self):
        self.assertEqual(greet({"name": "Ada"}), {"summary": "greeted", "content": "Hello, Ada!"})

    def test_nobody_is_not_greeted(self):
        for nobody in [{"name": " "}, {}, None]:
            with self.assertRaises(ToolError):
                greet(nobody)


if __name__ == "__main__":
    unittest.main()
