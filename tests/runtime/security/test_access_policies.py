"""Who may call what."""

from __future__ import annotations

from pathlib import Path

import pytest

import runtime
from runtime import Actor, Context, action
from runtime.errors import AccessDenied, BadSetting
from runtime.ids import ActorId
from runtime.security.access_policies import AccessRules, parse_policy, read_policies

ANN = ActorId("bank", "ann")
EVE = ActorId("bank", "eve")


def rules(**texts: str) -> AccessRules:
    return AccessRules(parse_policy(name, text) for name, text in texts.items())


def test_without_policies_everything_is_allowed() -> None:
    assert AccessRules().why_not(None, "anything") == ""


def test_deny_wins_over_allow() -> None:
    both = rules(everyone="type: allow", eve="type: deny\nactors: eve:mallory\nactions: withdraw")

    assert both.why_not(EVE, "withdraw") == "policy 'eve' denies it"
    assert both.why_not(EVE, "look") == ""
    assert both.why_not(ANN, "withdraw") == ""


def test_deny_alone_allows_the_rest() -> None:
    assert rules(eve="type: deny\nactors: eve").why_not(ANN, "withdraw") == ""


def test_allow_refuses_what_it_does_not_name() -> None:
    only = rules(ann="actors: ann\nactions: look:withdraw")

    assert only.why_not(ANN, "withdraw") == ""
    assert "'ann'" in only.why_not(EVE, "withdraw")
    assert "'ann'" in only.why_not(ANN, "close")


def test_caller_from_outside_matches_only_what_matches_all() -> None:
    assert rules(ann="actors: ann").why_not(None, "look") != ""
    assert rules(anyone="actions: look").why_not(None, "look") == ""
    assert rules(system="type: deny\nactor_systems: bank").why_not(None, "look") == ""


def test_system_of_the_caller_counts() -> None:
    other = rules(bank="type: deny\nactor_systems: bank")

    assert other.why_not(ANN, "look") != ""
    assert other.why_not(ActorId("shop", "ann"), "look") == ""


def test_quotes_around_the_type_are_taken_off() -> None:
    assert parse_policy("p", 'type: "deny"').allows is False


@pytest.mark.parametrize("text", ["type allow", "typ: allow", "type: maybe"])
def test_unreadable_policy_says_where(text: str) -> None:
    with pytest.raises(BadSetting, match="Policy 'p'"):
        parse_policy("p", text)


def test_folder_is_read_by_file_name(tmp_path: Path) -> None:
    (tmp_path / "b.policy").write_text("type: deny\nactors: eve\n")
    (tmp_path / "a.policy").write_text("# all\n\ntype: allow\n")
    (tmp_path / "readme.txt").write_text("no policy")

    assert [policy.name for policy in read_policies(tmp_path).policies] == ["a", "b"]


class Vault(Actor, name="vault"):
    coins: int = 3

    @action
    def take(self) -> int:
        self.coins -= 1
        return self.coins


class Eve(Actor, name="eve"):
    @action
    def steal(self, ctx: Context) -> int:
        return int(ctx.call("vault", "take"))


def test_folder_of_policies_guards_an_embedded_system(tmp_path: Path) -> None:
    (tmp_path / "guard.policy").write_text("type: deny\nactors: eve\nactions: take\n")
    with runtime.embedded(policies=tmp_path) as system:
        system.deploy(Vault)
        system.deploy(Eve)

        with pytest.raises(AccessDenied, match=r"eve may not call vault.take: policy 'guard' denies it"):
            system.invoke("eve", "steal")

        assert system.invoke("vault", "take") == 2, "others may, and nothing was taken before"


def test_missing_folder_of_policies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="there is no such folder"):
        runtime.embedded(policies=tmp_path / "polices")
