#!/usr/bin/env bash
# Train a model as it is shipped: benchmarks/train_shipped.sh RECIPE DATA [KEY=VALUE ...]
# DATA holds pictures/ and valid/ (docs: the pictures' authors are in src/wassr/models/shipped/credits.tsv).
set -euo pipefail
recipe=$1 data=$2
shift 2
exec wassr train "$recipe" "data.train=[$data/pictures]" "data.valid=[$data/valid]" licence=Apache-2.0 \
    "licence_data=free photographs (Unsplash, Pexels, CC0, CC BY, CC BY-SA); pictures that you enlarge stay yours" \
    "credits=wassr/models/shipped/credits.tsv names the photographers" "$@"
