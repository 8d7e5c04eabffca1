#!/usr/bin/env bash
# Gradescope runs this once, as root, when it makes the container's image. All that grading needs besides what is in the archive is Node.
set -euo pipefail
node_version=24.21.0

new_enough() { command -v node >/dev/null && node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 18) ? 0 : 1)'; }

if ! new_enough; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends npm
  npm install --prefix /opt/optlab-node --no-save --no-audit --no-fund "node@$node_version"
  ln -sf /opt/optlab-node/node_modules/.bin/node /usr/local/bin/node
  hash -r
  new_enough || { echo "Node could not be installed" >&2; exit 1; }
fi
