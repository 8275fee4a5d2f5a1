#!/bin/sh
# Runs the tests with the packages of the given environment and without the source tree in sight.
set -eu
environment=$(cd "$1" && pwd)
elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
cp -r tests bench examples docs notebooks requirements .github pyproject.toml Makefile packaging.mk proof.mk mkdocs.yml distributions LICENSE *.md "$elsewhere"
cd "$elsewhere"
"$environment/bin/python" -c 'import heroku_inference as h; assert "site-packages" in h.__file__, h.__file__'
# The site is built from the sources: it says nothing of the wheel.
"$environment/bin/python" -m pytest --quiet -n auto --ignore tests/test_site.py
