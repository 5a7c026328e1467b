"""What threatens the web side, and which test shows that it is met: none is promised untested."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SAFETY, WAYS, HOSTILE = "flows/test_desk_safety", "flows/test_desk_ways", "flows/test_desk_hostile"
ACCESS, KEYS, RIGHTS = "desk/test_access", "desk/test_keys", "desk/test_rights"
API, PRIVATE = "flows/test_api", "flows/test_private"
ROLES, BODIES = "flows/test_desk_roles", "flows/test_desk_bodies"

THREATS: dict[str, list[tuple[str, str]]] = {
    "Host header, DNS rebinding": [
        (ACCESS, "test_another_name"),
        (ACCESS, "test_others_names"),
        (SAFETY, "test_only_at_the_machine"),
        (WAYS, "test_below_a_path"),
    ],
    "a proxy that hides who asks": [
        (ACCESS, "test_a_proxy_stands_between"),
        (ACCESS, "test_the_client"),
        ("publisher/test_rsgi", "test_no_header_is_lost"),
        (SAFETY, "test_only_at_the_machine"),
        (SAFETY, "test_a_mistaken_proxy_is_not_let_in"),
    ],
    "CSRF": [
        (ACCESS, "test_anothers_page"),
        (KEYS, "test_a_mark"),
        (SAFETY, "test_no_form_without_its_mark"),
        (SAFETY, "test_forms_have_marks_at_the_machine"),
        (SAFETY, "test_cookies"),
        (SAFETY, "test_reading_changes_nothing"),
    ],
    "clickjacking": [(SAFETY, "test_headers")],
    "login: no default, a local next, tries": [
        (SAFETY, "test_each_page_needs_a_login"),
        (ACCESS, "test_no_place_at_the_desk"),
        (SAFETY, "test_a_login_leads_nowhere_else"),
        (KEYS, "test_a_crowd_at_once"),
        (SAFETY, "test_five_wrong_passwords_of_one_address"),
        (SAFETY, "test_five_wrong_passwords_for_one_name"),
        (SAFETY, "test_a_crowd_of_tries"),
        (KEYS, "test_an_unknown_name_takes_as_long"),
    ],
    "sessions": [
        (KEYS, "test_a_session"),
        (KEYS, "test_a_session_ends"),
        (KEYS, "test_a_session_gets_old"),
        (SAFETY, "test_logging_out"),
        (SAFETY, "test_a_false_cookie_is_nobodys"),
        (WAYS, "test_a_login_ends_with_its_password"),
    ],
    "roles and tokens": [
        (ROLES, "test_an_editor_makes_no_tokens"),
        (ROLES, "test_tokens_are_no_logins"),
        (API, "test_tokens"),
    ],
    "an editor who would reach the private network, secrets or files": [
        (RIGHTS, "test_an_admin_may_all"),
        (RIGHTS, "test_an_editor_may_not"),
        (ROLES, "test_an_editor_adds_nothing_private"),
        (ROLES, "test_an_editor_lets_no_source_become_private"),
        (ROLES, "test_an_editor_carries_no_secret_elsewhere"),
        (ROLES, "test_no_key_reaches_a_secret_or_a_file"),
        (ROLES, "test_which_files_there_are_is_not_told"),
    ],
    "private feeds": [
        (PRIVATE, "test_nothing_public_has_it"),
        (PRIVATE, "test_a_token"),
        (API, "test_tokens"),
    ],
    "secrets": [
        (HOSTILE, "test_every_page"),
        (HOSTILE, "test_exports"),
        (WAYS, "test_a_file_that_is_wrong_at_the_first_request"),
        (KEYS, "test_a_hash_does_not_show"),
        ("flows/test_secrets", "test_no_secret_leaves"),
        ("flows/test_secrets", "test_no_secret_is_served_or_logged"),
    ],
    "stored XSS": [(HOSTILE, "test_every_page"), (SAFETY, "test_headers")],
    "header injection": [
        (BODIES, "test_a_notice_is_one_header"),
        (BODIES, "test_odd_addresses"),
        (BODIES, "test_odd_forms"),
    ],
    "path traversal": [(BODIES, "test_odd_addresses"), (API, "test_feeds")],
    "log injection": [(SAFETY, "test_the_log_tells_of_logins")],
    "bodies without end, without haste, of no text": [
        (BODIES, "test_a_large_body"),
        (BODIES, "test_many_fields"),
        (BODIES, "test_a_body_that_never_comes"),
        (BODIES, "test_odd_forms"),
    ],
    "an API that does what nobody has written": [(API, "test_as_described")],
}


@pytest.mark.parametrize("threat", THREATS)
def test_it_is_tested(threat: str) -> None:
    """Each of the tests that are named is there."""
    for module, name in THREATS[threat]:
        text = (HERE / f"{module}.py").read_text()
        assert re.search(rf"^def {name}\(", text, re.MULTILINE), (module, name)
