"""trust: a repository's files set nothing dangerous until their person says so, for that content."""

import pytest

# Its own checks pass although the tests fail: whoever believed the file would be cheated.
CHEAT = "[verify]\ntest = \"/usr/bin/true\"\n"


@pytest.fixture
def cheating(prices):
    prices.write({"coditect.toml": CHEAT})
    prices.commit("configure")
    return prices


def test_an_untrusted_file_is_refused_by_key_file_and_next_step(person, cheating):
    result = person.run(cheating)
    assert result.code == 9 and result.json["run"] == "", result
    for part in ("coditect.toml:2:1", "verify.test", "`coditect trust`"):
        assert part in result.json["reason"], result
    listed = person.call("config", "list", "--show-origin", cwd=cheating.path)
    assert listed.code == 0, listed
    assert "verify.test = \"auto\"" in listed.out
    assert "# ignored: verify.test = \"/usr/bin/true\"" in listed.out
    assert person.call("config", "get", "verify.test", cwd=cheating.path).out == "auto\n"


def test_trust_shows_first_and_holds_for_that_content(person, cheating):
    dry = person.call("trust", "--dry-run", "--json", cwd=cheating.path)
    assert dry.code == 0, dry
    file = dry.json["files"][0]
    assert (file["file"], file["result"]) == (str(cheating.path / "coditect.toml"), "trusted")
    assert file["settings"] == [{"key": "verify.test", "origin": file["file"] + ":2",
                                 "value": "/usr/bin/true", "now": "auto"}]
    assert person.run(cheating).code == 9

    shown = person.call("trust", cwd=cheating.path)
    assert shown.code == 0, shown
    assert "- verify.test = \"auto\"" in shown.out and "+ verify.test = \"/usr/bin/true\"" in shown.out
    believed = person.run(cheating)
    assert believed.code == 0 and believed.json["outcome"] == "nothing_to_do", believed

    cheating.write({"coditect.toml": CHEAT + "# changed\n"})
    assert person.run(cheating).code == 9
    cheating.write({"coditect.toml": CHEAT})
    assert person.run(cheating).code == 0
    revoked = person.call("trust", "--revoke", cwd=cheating.path)
    assert revoked.code == 0 and "no longer trusted" in revoked.err, revoked
    assert person.run(cheating).code == 9
    again = person.call("trust", "--revoke", cwd=cheating.path)
    assert again.code == 0 and "was not trusted" in again.err, again


def test_a_link_is_what_it_leads_to(person, cheating, tmp_path):
    (cheating.path / "coditect.toml").rename(cheating.path / "real.toml")
    (cheating.path / "coditect.toml").symlink_to("real.toml")
    assert person.call("trust", cwd=cheating.path).code == 0
    assert person.run(cheating).code == 0
    (cheating.path / "real.toml").write_text(CHEAT + "# changed\n")
    assert person.run(cheating).code == 9
    (tmp_path / "outside.toml").write_text(CHEAT)
    (cheating.path / "coditect.toml").unlink()
    (cheating.path / "coditect.toml").symlink_to(tmp_path / "outside.toml")
    result = person.call("trust", cwd=cheating.path)
    assert result.code == 9 and "leaves the repository" in result.err, result


def test_nothing_to_trust_is_said(person, prices, tmp_path):
    result = person.call("trust", cwd=prices.path)
    assert result.code == 1 and "neither coditect.toml nor" in result.err, result
    outside = person.call("trust", cwd=tmp_path)
    assert outside.code == 1 and "no git repository" in outside.err, outside
    prices.write({"coditect.toml": "[agent]\ntimeout = \"9s\"\n"})
    harmless = person.call("trust", cwd=prices.path)
    assert harmless.code == 0 and "sets nothing that needs trust" in harmless.err, harmless
    assert not (person.home / ".config" / "coditect" / "trusted").exists()
