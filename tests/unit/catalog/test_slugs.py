import re

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arus_dagster.catalog.slugs import LONGEST, free_slug, slugify


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Production DB", "production_db"),
        ("arus-Shop", "arus_shop"),
        ("Café  Ωmega!", "cafe_mega"),
        ("データ", "source"),
        ("2024", "source_2024"),
        ("input", "source_input"),
        ("class", "source_class"),
        ("__x__", "x"),
    ],
)
def test_a_slug_is_readable_ascii(name, slug):
    assert slugify(name, "source") == slug


@given(st.text())
def test_a_job_can_be_named_after_any_name(name):
    slug = slugify(name, "pipeline")

    assert re.fullmatch(r"[a-z][a-z0-9_]*", slug)
    assert len(slug) <= LONGEST
    dg.AssetSpec("a", group_name=slug)
    dg.define_asset_job(slug)


@given(st.lists(st.text(alphabet="ab ", max_size=3), max_size=30))
def test_slugs_given_in_turn_differ(names):
    taken: set[str] = set()
    for name in names:
        slug = free_slug(name, "source", taken)
        assert slug not in taken
        taken.add(slug)
