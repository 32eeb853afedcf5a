"""--json[=FIELD,..]: every verb that lists or shows lets its fields be chosen, in one way."""

import json

import pytest


@pytest.fixture
def run(person, prices):
    result = person.run(prices)
    assert result.code == 0, result
    return prices, result.json["run"]


# verb with its arguments, the list in its JSON (None: the object itself, "": one object a line)
VERBS = [(["ps", "-a"], "runs"), (["show", "ID"], None), (["logs", "ID"], ""),
         (["diff", "ID"], None), (["diff", "ID", "--stat"], "files"), (["explain", "ID"], "faults"),
         (["doctor", "--summary"], "checks"), (["config", "list"], "keys"), (["inbox"], "approvals"),
         (["wait", "ID"], "runs"), (["demo", "--list"], "projects")]


def rows(result, name):
    if name == "":
        return result.lines
    return [result.json] if name is None else result.json[name]


def test_fields_are_chosen_alike_everywhere(person, run):
    repository, run_id = run
    for words, name in VERBS:
        verb = [run_id if word == "ID" else word for word in words]
        whole = rows(person.call(*verb, "--json", cwd=repository.path), name)
        unknown = person.call(*verb, "--json=nonsense", cwd=repository.path)
        assert unknown.code == 2 and unknown.out == "", unknown
        known = unknown.err.split("there are ")[1].splitlines()[0].split(", ")
        shown = {field for one in whole for field in one} - {"schema"}
        assert shown <= set(known), (verb, known)
        fields = [known[1], known[0]]
        chosen = person.call(*verb, "--json=" + ",".join(fields), cwd=repository.path)
        assert chosen.code == 0, chosen
        assert [list(one) for one in rows(chosen, name)] == [fields] * len(whole), (verb, chosen)
        for one, other in zip(whole, rows(chosen, name)):
            if verb[0] not in ("doctor", "logs"):  # whose values are of the moment
                assert all(other[f] == one.get(f, other[f]) for f in fields), verb
        assert "--json=FIELD,.. takes " + ", ".join(known) in " ".join(
            person.call(*words[:2 if words[0] == "config" else 1], "--help").out.split()) or (
                "--stat" in verb or "--list" in verb), verb


def test_what_is_empty_appears_when_it_is_asked_for(person, make):
    repository = make({"test_a.py": "def test_a():\n    assert True\n"})
    assert person.run(repository).code == 0
    assert "branch" not in person.call("ps", "-a", "--json").json["runs"][0]
    assert person.call("ps", "-a", "--json=branch").json["runs"] == [{"branch": ""}]


def test_a_word_apart_is_a_field_only_where_it_can_be_nothing_else(person, run):
    repository, run_id = run
    assert person.call("ps", "-a", "--json", "run,goal").json["runs"] == [
        {"run": run_id, "goal": "make the tests pass"}]
    assert person.call("ps", "--json", "-a").json["runs"][0]["run"] == run_id
    assert person.call("--json", "ps", "-a").json["runs"][0]["run"] == run_id
    assert person.call("--json=run", "ps", "-a").json["runs"] == [{"run": run_id}]
    assert person.call("show", "--json", run_id).json["run"] == run_id
    assert person.call("show", run_id, "--json=status").out == '{"status":"verified"}\n'
    assert person.call("config", "list", "--json", "key").json["keys"][0] == {"key": "llm.brain"}
    assert person.call("config", "--json", "list").json["keys"]


def test_verbs_without_fields_say_so(person, prices):
    for verb in (["version"], ["config", "get", "agent.timeout"], ["show", "--forecasts"]):
        result = person.call(*verb, "--json=run")
        assert result.code == 2 and "no fields to choose" in result.err, result
    assert json.loads(person.call("version", "--json").out)["schema"] == "coditect.version/v1"
