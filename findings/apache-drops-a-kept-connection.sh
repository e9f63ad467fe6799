#!/bin/sh
# Expected: where a backend fails before it answers, a reverse proxy says 502, as nginx and Caddy do, and as Apache
# itself does for the first request on a connection.
# Seen: Apache 2.4 (mod_proxy_http) says 502 for the first request on a client's connection, and for a later one
# on the same connection it says nothing: it closes. In Debian's 2.4.71.
# For users: a client gets an end of file where it expects a status, and may take it for a lost keep-alive
# connection and send its POST once more by itself. A body that is safe to send again needs an id of its own.
set -eu
version=2.4.71-1~deb12u1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for package in "apache2-bin=$version" libapr1 libaprutil1; do
    apt-get download -qq "$package" >/dev/null 2>&1 || { echo "cannot have $package"; exit 2; }
done
for file in *.deb; do dpkg -x "$file" .; done

cat >show.py <<'EOF'
import glob, os, socket, subprocess, sys, threading, time

folder = sys.argv[1]
os.environ["LD_LIBRARY_PATH"] = ":".join(glob.glob(f"{folder}/usr/lib/*-linux-gnu*"))


def backend(listener):
    """Answer GET, and close on POST once it has come."""
    while True:
        peer, _ = listener.accept()
        with peer:
            if peer.recv(65536).startswith(b"GET"):
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


def free_port():
    with socket.socket() as trying:
        trying.bind(("127.0.0.1", 0))
        return trying.getsockname()[1]


def said(port, *requests):
    """Send requests on one connection; return the status of each, or that there was none."""
    found = []
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        for request in requests:
            link.sendall(request)
            answer = link.recv(65536)
            found.append(answer.split(b" ")[1].decode() if answer else "closed")
    return found


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=backend, args=[listener], daemon=True).start()
port = free_port()
modules = f"{folder}/usr/lib/apache2/modules"
with open(f"{folder}/httpd.conf", "w") as file:
    for name in ("mpm_event", "authz_core", "proxy", "proxy_http"):
        file.write(f"LoadModule {name}_module {modules}/mod_{name}.so\n")
    file.write(
        f"ServerName x.example\nListen 127.0.0.1:{port}\nPidFile {folder}/pid\nErrorLog {folder}/log\n"
        f"DefaultRuntimeDir {folder}\nUser nobody\nGroup nogroup\n"
        f"ProxyPass / http://127.0.0.1:{listener.getsockname()[1]}/ disablereuse=on retry=0\n"
    )
os.chmod(folder, 0o755)
apache = subprocess.Popen([f"{folder}/usr/sbin/apache2", "-DFOREGROUND", "-f", f"{folder}/httpd.conf"])
try:
    for _ in range(100):
        with socket.socket() as trying:
            if trying.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    get = b"GET / HTTP/1.1\r\nHost: x.example\r\n\r\n"
    post = b"POST / HTTP/1.1\r\nHost: x.example\r\nContent-Length: 2\r\n\r\n{}"
    first, later = said(port, post), said(port, get, post)
finally:
    apache.terminate()
    apache.wait(20)
print(f"a failing POST alone: {first}; after a GET on the same connection: {later}")
sys.exit(0 if (first, later) == (["502"], ["200", "closed"]) else 1)
EOF
printf 'Apache %s: ' "$version"
python3 show.py "$folder"
