from node.storage.recent import Recent


def _three():
    recent = Recent(3)
    for key in "abc":
        recent.put(key, key.upper())
    return recent


def test_the_one_not_asked_for_longest_goes_first():
    recent = _three()
    assert recent.get("a") == "A"
    recent.put("d", "D")
    assert [recent.get(key) for key in "abcd"] == ["A", None, "C", "D"]


def test_there_are_never_more_than_allowed():
    recent = _three()
    for number in range(10):
        recent.put(str(number), "x")
    assert len(recent) == 3


def test_a_value_put_twice_counts_once():
    recent = _three()
    recent.put("a", "Z")
    assert (len(recent), recent.get("a")) == (3, "Z")


def test_values_are_forgotten():
    recent = _three()
    recent.drop("a")
    recent.drop("never there")
    assert (recent.get("a"), len(recent)) == (None, 2)
    recent.clear()
    assert len(recent) == 0
