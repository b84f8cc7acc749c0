#!/usr/bin/env bash
# Renews the committed schema dumps of a shipped system after its migrations changed: scripts/renew-schema.sh wills
set -euo pipefail
cd "$(dirname "$0")/.."
npm run --silent build
for dialect in sqlite postgres; do
  node_modules/.bin/ashlar migrate dump --system "$1" --dialect "$dialect" >"systems/$1/schema.$dialect.sql"
done
