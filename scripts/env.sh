# shellcheck shell=bash
# Sourced by the other scripts: compilers and caches, the same in every script so that nothing is built twice.
case ":$PATH:" in
  *":$HOME/.cargo/bin:"*) ;;
  *) if [ -d "$HOME/.cargo/bin" ]; then export PATH="$HOME/.cargo/bin:$PATH"; fi ;;
esac
if command -v clang++ >/dev/null 2>&1; then
  if command -v ccache >/dev/null 2>&1; then
    export CC="ccache clang" CXX="ccache clang++"
  else
    export CC=clang CXX=clang++
  fi
fi
