"""An SSH server on loopback that gives out Git repositories, to those who have its one key.

usage: ssh_server.py DIRECTORY

Prints a line of JSON once it serves: its port, the private key that opens it, and another key that doesn't; and the lines by
which clients know it, and would know an impostor. It serves until its input ends.
"""

import asyncio
import json
import pathlib
import shlex
import subprocess
import sys

import asyncssh


async def serve_one(process: asyncssh.SSHServerProcess) -> None:
    words = shlex.split(process.command or "")
    if len(words) != 2 or words[0] != "git-upload-pack":
        process.stderr.write(f"{process.command!r} is not what this server does\n".encode())
        process.exit(1)
        return
    pipe = subprocess.PIPE
    git = subprocess.Popen(["git", "upload-pack", words[1]], stdin=pipe, stdout=pipe, stderr=pipe)
    await process.redirect(stdin=git.stdin, stdout=git.stdout, stderr=git.stderr)
    await process.stdout.drain()
    process.exit(await asyncio.to_thread(git.wait))


async def main(directory: pathlib.Path) -> None:
    host, impostor, mine, other = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(4))
    authorized = directory / "authorized_keys"
    authorized.write_bytes(mine.export_public_key())
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host],
        authorized_client_keys=str(authorized),
        process_factory=serve_one,
        encoding=None,
    )
    port = server.sockets[0].getsockname()[1]

    def known(key: asyncssh.SSHKey) -> str:
        return f"[127.0.0.1]:{port} " + key.export_public_key().decode().strip()

    ready = {
        "port": port,
        "key": mine.export_private_key().decode(),
        "other_key": other.export_private_key().decode(),
        "known_hosts": known(host),
        "impostor": known(impostor),
    }
    print(json.dumps(ready), flush=True)
    await asyncio.to_thread(sys.stdin.read)


asyncio.run(main(pathlib.Path(sys.argv[1])))
