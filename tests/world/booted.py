"""A systemd of its own: first process of a tree of processes, on a view of this machine's files where every change is
forgotten. Shares the network, so servers started outside are reached from inside. Needs root."""

import subprocess
import tempfile
from pathlib import Path

from deploy.world.waiting import wait_for

# Mounts first, then systemd with nothing to do: no generators, nothing that is enabled here, no setting of the kernel.
_BOOT = r"""
set -e
folder=$1
mkdir "$folder/cgroup" "$folder/disk"
mount -t cgroup2 none "$folder/cgroup"
mkdir "$folder/cgroup/$2"
echo $$ >"$folder/cgroup/$2/cgroup.procs"
exec $3 --pid --fork --kill-child --uts --ipc --cgroup bash -c '
  set -e
  mount -t tmpfs none "$1/disk"
  cd "$1/disk"
  mkdir changes work root
  mount -t overlay none -o lowerdir=/,upperdir=changes,workdir=work root
  cd root
  mount -t proc none proc
  mount -o bind,ro proc/sys proc/sys
  mount -t sysfs none sys
  mount -t cgroup2 none sys/fs/cgroup
  mount -t tmpfs none run
  mount -t tmpfs none dev
  mkdir dev/pts dev/shm dev/mqueue dev/hugepages
  mount -t devpts none dev/pts -o newinstance,ptmxmode=0666
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
  for device in null zero full random urandom tty; do
    touch dev/$device
    mount --bind /dev/$device dev/$device
  done
  rm -rf etc/systemd/system/*.wants lib/systemd/system-generators lib/systemd/system/*.wants
  mkdir -p etc/systemd/system/sysinit.target.wants
  ln -s /lib/systemd/system/systemd-journald.service etc/systemd/system/sysinit.target.wants
  printf "[Unit]\nDefaultDependencies=no\n" >etc/systemd/system/idle.target
  # Not by chroot, in which the kernel makes no user namespaces: out of one that we may stand in, and on to the new root.
  exec nsenter --mount=/proc/self/ns/mnt --wd=. bash -c "
    pivot_root . .
    umount -l .
    exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . bash -c \"
      mount --make-rshared /
      exec /lib/systemd/systemd --system --unit=idle.target\""
' bash "$folder"
"""


# In a chroot nothing can be said of the root's propagation; what is mounted there is its maker's business.
_UNSHARE = ["unshare", "--mount"]
if subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode != 0:
    _UNSHARE += ["--propagation", "unchanged"]


class Booted:
    """A context: `run` and `write` act inside."""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="trust-boot.")
        self._cgroup = Path(self._folder.name).name
        words = [*_UNSHARE, "bash", "-c", _BOOT, "bash", self._folder.name, self._cgroup, " ".join(_UNSHARE)]
        self._log = Path(self._folder.name, "log")
        with open(self._log, "wb") as log:
            self._outer = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for("systemd to come up", self._is_up)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._outer.kill()
        self._outer.wait()
        # The tree ends with its first process; its groups stay until somebody removes them.
        empty = f'mount -t cgroup2 none /mnt && cd /mnt/{self._cgroup} && find . -depth -type d -exec rmdir {{}} +; cd / && rmdir /mnt/{self._cgroup}'
        try:
            wait_for("its processes to be gone", lambda: subprocess.run([*_UNSHARE, "bash", "-c", empty], capture_output=True, check=False).returncode == 0)
        finally:
            self._folder.cleanup()

    def _is_up(self):
        if self._outer.poll() is not None:
            raise AssertionError("systemd did not come up: " + self._log.read_text(errors="replace"))
        children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children").read_text(encoding="ascii").split()
        self._first = children and children[0]
        return self._first and Path(f"/proc/{self._first}/comm").read_text(encoding="ascii") == "systemd\n" and self.run("systemctl", "is-active", "idle.target").returncode == 0

    def run(self, *words, text=""):
        """A command to its end. The result has returncode, stdout and stderr."""
        enter = ["nsenter", "--target", self._first, "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--root", "--wdns=/"]
        return subprocess.run([*enter, *map(str, words)], input=text, capture_output=True, text=True, timeout=120, check=False,
                              env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"})

    def write(self, path, text, mode="644"):
        """Keeps owner and mode of a file that is there."""
        done = self.run("sh", "-c", f'[ -e "{path}" ] || install -D -m {mode} /dev/null "{path}"; cat >"{path}"', text=text)
        if done.returncode:
            raise AssertionError(done.stderr)
