"""config set and init: the verbs that write configuration files."""

import os

import pytest


PASSING = {"test_fine.py": "def test_fine():\n    assert True\n"}


def user_file(person):
    return person.home / ".config/coditect/config.toml"


def get(person, key, **options):
    return person.call("config", "get", key, **options).out.strip()


def test_a_key_is_set_in_the_persons_file_and_all_else_stays(person):
    dry = person.call("config", "set", "agent.timeout", "20s", "--dry-run")
    assert dry.code == 0 and "would set agent.timeout = \"20s\" in " in dry.err, dry
    assert not user_file(person).exists()
    done = person.call("config", "set", "agent.timeout", "20s", "--json")
    assert done.code == 0, done
    assert done.json == {"schema": "coditect.config_set/v1", "key": "agent.timeout",
                         "file": str(user_file(person)), "dry_run": False, "value": "20s"}
    assert get(person, "agent.timeout") == "20s"
    assert user_file(person).stat().st_mode & 0o777 == 0o600
    user_file(person).write_text("# mine\n[agent]\ntimeout = \"20s\"  # why\n\n[run]\nagents = 2\n")
    user_file(person).chmod(0o640)
    assert person.call("config", "set", "agent.timeout", "25s").code == 0
    assert person.call("config", "set", "run.seed", "7").code == 0
    assert user_file(person).read_text() == (
        "# mine\n[agent]\ntimeout = \"25s\"  # why\n\n[run]\nseed = 7\nagents = 2\n")
    assert user_file(person).stat().st_mode & 0o777 == 0o640
    assert [path.name for path in user_file(person).parent.iterdir()] == ["config.toml"]


def test_the_example_takes_a_setting_where_its_default_stands(person, make):
    repository = make(PASSING)
    person.call("init", cwd=repository.path)
    assert person.call("config", "set", "--repository", "agent.max_retries", "2",
                       cwd=repository.path).code == 0
    text = (repository.path / "coditect.toml").read_text()
    assert "#: max_retries = 3\nmax_retries = 2\n" in text, text
    assert get(person, "agent.max_retries", cwd=repository.path) == "2"
    assert get(person, "agent.max_retries") == "3"  # elsewhere


@pytest.mark.parametrize("arguments, code, message", [
    (["agent.timeuot", "3s"], 2, "did you mean \"agent.timeout\"?"),
    (["agent.timeout", "3"], 2, "agent.timeout: \"3\" is not valid; write a duration"),
    (["agent.sandbox", "wsam"], 2, "agent.sandbox"),
    (["llm.model", "x"], 2, "is not in this version"),
    (["--repository", "run.agents", "3"], 9, "repository files cannot set it"),
    (["--repository", "agent.timeout", "3s"], 1, "this is no git repository"),
    (["agent.timeout"], 2, "value is required"),
])
def test_what_cannot_be_set_is_refused_before_anything_is_written(person, arguments, code, message):
    result = person.call("config", "set", *arguments)
    assert result.code == code and message in result.err, result
    assert result.err.startswith("coditect: ") and not user_file(person).exists()


def test_a_broken_file_stays_as_it_is(person):
    user_file(person).parent.mkdir(parents=True)
    user_file(person).write_text("[agent\ntimeout = 3\n")
    result = person.call("config", "set", "agent.timeout", "3s")
    assert result.code == 2 and "config.toml:2:" in result.err, result
    assert user_file(person).read_text() == "[agent\ntimeout = 3\n"
    # A value that is wrong is what one wants to correct.
    user_file(person).write_text("[agent]\ntimeout = 3\n")
    assert person.call("config", "set", "agent.timeout", "3s").code == 0
    assert get(person, "agent.timeout") == "3s"


def test_links_are_written_through_but_not_out_of_a_repository(person, make):
    dotfiles = person.home / "dotfiles.toml"
    dotfiles.write_text("")
    user_file(person).parent.mkdir(parents=True)
    user_file(person).symlink_to(dotfiles)
    assert person.call("config", "set", "run.seed", "7").code == 0
    assert user_file(person).is_symlink() and "seed = 7" in dotfiles.read_text()
    repository = make(PASSING)
    (repository.path / "coditect.toml").symlink_to(dotfiles)
    result = person.call("config", "set", "--repository", "agent.max_retries", "2",
                         cwd=repository.path)
    assert result.code == 9 and "leaves the repository" in result.err, result
    assert "max_retries" not in dotfiles.read_text()


def test_a_setting_that_something_beats_says_so(person):
    result = person.call("config", "set", "agent.timeout", "20s",
                         env={"AGENT_TIMEOUT_SECONDS": "9"})
    assert result.code == 0, result
    assert "it has no effect here: AGENT_TIMEOUT_SECONDS beats it" in result.err
    assert person.call("config", "set", "agent.timeout", "21s", "-q").err == ""


def test_init_writes_a_valid_file_that_sets_nothing(person, make):
    repository = make(PASSING)
    before = person.call("config", "list", "--json", cwd=repository.path).json["keys"]
    dry = person.call("init", "--dry-run", cwd=repository.path)
    assert dry.code == 0 and not (repository.path / "coditect.toml").exists(), dry
    below = repository.path / "below"
    below.mkdir()
    done = person.call("init", "--json", cwd=below)
    file = repository.path / "coditect.toml"
    assert done.code == 0 and done.json["file"] == str(file), done
    assert file.read_text() == dry.out and file.stat().st_mode & 0o777 == 0o644
    assert person.call("config", "validate", file).code == 0
    assert person.call("config", "list", "--json", cwd=repository.path).json["keys"] == before
    settings = "\n".join(line.removeprefix("#: ") for line in dry.out.splitlines())
    file.write_text(settings)  # each may be uncommented
    valid = person.call("config", "validate", file, cwd=repository.path)
    assert valid.code == 0, valid


def test_init_never_overwrites(person, make):
    repository = make({**PASSING, "coditect.toml": "# mine\n"})
    for arguments in ([], ["--dry-run"]):
        result = person.call("init", *arguments, cwd=repository.path)
        assert result.code == 1 and "is there already and stays as it is" in result.err, result
    assert (repository.path / "coditect.toml").read_text() == "# mine\n"
    (repository.path / "coditect.toml").unlink()
    (repository.path / "coditect.toml").symlink_to("nowhere")
    assert person.call("init", cwd=repository.path).code == 1
    assert os.readlink(repository.path / "coditect.toml") == "nowhere"
    outside = person.call("init", cwd=person.home)
    assert outside.code == 1 and "no git repository" in outside.err, outside
