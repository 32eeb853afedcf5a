"""demo --real: a pinned open-source project, a drawn bug, and the repair beside what was published."""

import pytest


def test_the_projects_are_listed(person):
    text = person.call("demo", "--list")
    assert text.code == 0 and text.out.startswith("boltons 24.1.0"), text
    names = [p["name"] for p in person.call("demo", "--list", "--json").json["projects"]]
    assert names == ["boltons", "cjson"]
    unknown = person.call("demo", "--real", "nothing")
    assert unknown.code == 2 and "there are boltons, cjson" in unknown.err, unknown


@pytest.mark.parametrize("project", ["boltons", "cjson"])
def test_without_network_one_sentence_says_so(person, tmp_path, project):
    """The client is there and fetches nothing, as on a machine without network."""
    for name in ("python3", "apt-get"):
        tool = tmp_path / name
        tool.write_text("#!/bin/sh\necho 'could not resolve the host' >&2\nexit 1\n")
        tool.chmod(0o755)
    result = person.call("demo", "--real", project, "-q",
                         env={"PATH": "%s:%s" % (tmp_path, person.environment["PATH"])})
    assert result.code == 1 and result.out == "", result
    assert "could not resolve the host; it needs the network, `coditect demo` needs none" in (
        result.err), result
    assert len(result.err.splitlines()) == 1


def test_another_content_is_not_used(person, tmp_path):
    tool = tmp_path / "apt-get"
    tool.write_text("#!/bin/sh\necho planted > cjson_1.7.15.orig.tar.gz\n")
    tool.chmod(0o755)
    result = person.call("demo", "--real", "cjson",
                         env={"PATH": "%s:%s" % (tmp_path, person.environment["PATH"])})
    assert result.code == 1 and "another hash" in result.err, result
    assert not (person.state / "demo-cjson").exists()
