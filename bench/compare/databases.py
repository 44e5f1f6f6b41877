"""Private database servers: made in a site's home, reached over a Unix socket there, gone with it. With the settings they have by
themselves, above all the sync of each commit."""
import glob
import os
import pwd
import signal
import subprocess
import time

from servers import version_of

NAME = "kea"  # of database and user
PATIENCE_S = 60


def run(argv, **options):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE_S, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{argv[0]}: {(done.stderr or done.stdout)[-500:]}")
    return done.stdout


def wait_for(what, argv):
    start = time.monotonic()
    while subprocess.run(argv, capture_output=True, timeout=PATIENCE_S, check=False).returncode != 0:
        if time.monotonic() - start > PATIENCE_S:
            raise RuntimeError(f"{what} does not come up")
        time.sleep(0.05)


class Postgresql:
    USER = "postgres"  # it refuses to be root

    def __init__(self):
        folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
        self.folder = folders[-1] if folders else "/usr/lib/postgresql/bin"

    @property
    def needs(self):
        return [f"{self.folder}/{name}" for name in ("initdb", "postgres", "psql", "pg_isready")]

    def version(self):
        return "PostgreSQL " + version_of([f"{self.folder}/postgres", "--version"])

    def start(self, site, schema):
        """Gives the folder of its socket."""
        folder, user = f"{site.home}/postgresql", pwd.getpwnam(self.USER)
        os.chmod(site.home, 0o711)
        os.mkdir(folder, 0o700)
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        run([*as_user, f"{self.folder}/initdb", "-D", f"{folder}/data", "-A", "trust", "-U", NAME, "--no-sync"], cwd=folder)
        # The kernel forgets whom to die with when the user changes, so it is said again. SIGINT ends PostgreSQL at once; at SIGTERM
        # it would wait for its clients.
        site.start([*as_user, "--pdeathsig", "INT", f"{self.folder}/postgres", "-D", f"{folder}/data", "-k", folder,
                    "-c", "listen_addresses="], stop=signal.SIGINT, cwd=folder)
        client = ["-h", folder, "-U", NAME, "-d", "postgres"]
        wait_for("PostgreSQL", [f"{self.folder}/pg_isready", *client])
        run([f"{self.folder}/psql", *client, "-c", f"CREATE DATABASE {NAME}"])
        run([f"{self.folder}/psql", "-h", folder, "-U", NAME, "-d", NAME, "-q", "-v", "ON_ERROR_STOP=1", "-f", schema])
        return folder


class Mariadb:
    needs = ("/usr/sbin/mariadbd", "/usr/bin/mariadb-install-db", "/usr/bin/mariadb")

    def version(self):
        return "MariaDB " + version_of(["/usr/sbin/mariadbd", "--version"]).split("-")[0]

    def socket(self, site):
        return f"{site.home}/mariadb.sock"

    def start(self, site, schema):
        """Gives its socket."""
        data = f"{site.home}/mariadb"
        run(["/usr/bin/mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=root", "--skip-test-db",
             "--auth-root-authentication-method=normal"])
        site.start(["/usr/sbin/mariadbd", "--no-defaults", f"--datadir={data}", "--user=root", "--skip-networking",
                    f"--socket={self.socket(site)}", f"--pid-file={site.home}/mariadb.pid"])
        client = ["/usr/bin/mariadb", "--no-defaults", f"--socket={self.socket(site)}", "--user=root"]
        wait_for("MariaDB", [*client, "-e", "SELECT 1"])
        run([*client, "-e", f"CREATE DATABASE {NAME}; CREATE USER '{NAME}'@'localhost'; "
             f"GRANT ALL ON {NAME}.* TO '{NAME}'@'localhost'"])
        with open(schema, encoding="utf-8") as file:
            run([*client, NAME], stdin=file)
        return self.socket(site)
