import pytest

from arus_dagster.crypto import Cipher, generate_key, hash_password, verify_password
from arus_dagster.errors import ConfigurationError

VALUE = {"password": "p@s/:%#? é", "ssl_key": None}


def test_a_value_comes_back_as_it_was():
    cipher = Cipher(generate_key())

    token = cipher.encrypt_json(VALUE)

    assert b"p@s" not in token
    assert cipher.decrypt_json(token) == VALUE


def test_every_key_decrypts_and_the_first_encrypts():
    old, new = generate_key(), generate_key()
    both = Cipher(f"{new}, {old}")

    assert both.decrypt_json(Cipher(old).encrypt_json(VALUE)) == VALUE
    assert Cipher(new).decrypt_json(both.encrypt_json(VALUE)) == VALUE


def test_a_rotated_value_needs_the_old_key_no_more():
    old, new = generate_key(), generate_key()

    rotated = Cipher(f"{new},{old}").rotate(Cipher(old).encrypt_json(VALUE))

    assert Cipher(new).decrypt_json(rotated) == VALUE


@pytest.mark.parametrize("call", ["decrypt_json", "rotate"])
def test_a_wrong_key_is_named_as_the_cause_and_nothing_secret_is_said(call):
    token = Cipher(generate_key()).encrypt_json(VALUE)
    key = generate_key()

    with pytest.raises(ConfigurationError, match="ARUS_ENCRYPTION_KEY") as caught:
        getattr(Cipher(key), call)(token)

    assert key not in str(caught.value)
    assert token.decode() not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("keys", ["", " , ", "short", f"{'A' * 43}=,short"])
def test_unusable_keys_are_refused_without_being_repeated(keys):
    with pytest.raises(ConfigurationError) as caught:
        Cipher(keys)

    assert "short" not in str(caught.value)


def test_a_password_is_verified_against_its_hash():
    hashed = hash_password("correct horse")

    assert verify_password("correct horse", hashed)
    assert not verify_password("correct horsf", hashed)
    assert hashed != hash_password("correct horse")


def test_an_unknown_user_costs_a_whole_verification(monkeypatch):
    compared = []
    from pwdlib import PasswordHash

    real = PasswordHash.verify
    monkeypatch.setattr(
        PasswordHash, "verify", lambda self, *given: compared.append(given) or real(self, *given)
    )

    assert not verify_password("no user has this hash", None)
    assert len(compared) == 1
    assert compared[0][1].startswith("$argon2id$")
