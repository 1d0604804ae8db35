"""Clients that are not Debian's, and curl, behind the verbs of `clients`.

What fetch_clients.py has put below build/clients is found here, or the reason why it is not.
"""

import json
import pathlib
import re

from .clients import PART
from .content import MIB
from .processes import Absent, run

DRIVERS = pathlib.Path(__file__).resolve().parent.parent / "drivers"


def find(directory, name, program):
    """The program of something fetched, or Absent with the reason that was left there."""
    found = pathlib.Path(directory) / name / program
    if found.is_file():
        return found
    reason = pathlib.Path(directory) / f"{name}.absent"
    if reason.is_file():
        raise Absent(f"{name}: {reason.read_text().strip()}")
    raise Absent(f"{name} was not fetched: run tests/integration/fetch_clients.py")


class Driver:
    """A Python client in the fetched environment, one process per verb."""

    script = None
    only_tails = False
    presigns = "SigV4"

    def __init__(self, url, identity, scratch, fetched):
        self._python = find(fetched, "python", "bin/python")
        self._environment = {"LODE_URL": url, "LODE_ACCESS_KEY": identity.access_key,
                             "LODE_SECRET_KEY": identity.secret_key,
                             "PYTHONDONTWRITEBYTECODE": "1"}

    def _verb(self, *words):
        return json.loads(run([self._python, DRIVERS / self.script, *words],
                              environment=self._environment).stdout)

    def upload(self, bucket, key, path, *more):
        self._verb("upload", bucket, key, path, *more)

    def download(self, bucket, key, path):
        self._verb("download", bucket, key, path)

    def download_range(self, bucket, key, path, first, length):
        self._verb("download_range", bucket, key, path, first, length)

    def list(self, bucket):
        return self._verb("list", bucket)

    def copy(self, bucket, source, target):
        self._verb("copy", bucket, source, target)

    def delete(self, bucket, key):
        self._verb("delete", bucket, key)

    def presign(self, bucket, key):
        return self._verb("presign", bucket, key)


class CurrentBoto3(Driver):
    script = "current_boto3.py"
    presigns = "SigV2"      # still, unless it is told otherwise

    def download_checked(self, bucket, key, path):
        return self._verb("download_checked", bucket, key, path)


class Crt(Driver):
    script = "crt.py"
    presigns = None


class Obstore(Driver):
    script = "current_obstore.py"


class MinioPy(Driver):
    script = "current_minio.py"


class S5cmd:
    only_tails = False
    presigns = "SigV4"

    def __init__(self, url, identity, scratch, fetched):
        self._program = find(fetched, "s5cmd", "s5cmd")
        self._url = url
        self._environment = {
            "AWS_ACCESS_KEY_ID": identity.access_key,
            "AWS_SECRET_ACCESS_KEY": identity.secret_key, "AWS_REGION": "us-east-1",
            "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}

    def _s5cmd(self, *words):
        return run([self._program, "--endpoint-url", self._url, "--retry-count", "0", *words],
                   environment=self._environment)

    def upload(self, bucket, key, path):
        self._s5cmd("cp", "--part-size", PART // MIB, path, f"s3://{bucket}/{key}")

    def download(self, bucket, key, path):
        self._s5cmd("cp", "--part-size", PART // MIB, "--concurrency", 4, "--raw",
                    f"s3://{bucket}/{key}", path)

    def list(self, bucket):
        listed = self._s5cmd("ls", f"s3://{bucket}/*").stdout
        return {line.split(maxsplit=3)[3]: int(line.split()[2]) for line in listed.splitlines()}

    def copy(self, bucket, source, target):
        self._s5cmd("cp", "--raw", f"s3://{bucket}/{source}", f"s3://{bucket}/{target}")

    def delete(self, bucket, key):
        self._s5cmd("rm", "--raw", f"s3://{bucket}/{key}")

    def presign(self, bucket, key):
        return self._s5cmd("presign", f"s3://{bucket}/{key}").stdout.strip()


class Curl:
    """curl signs by itself; it knows no parts, and its links must come from somebody else."""

    only_tails = False
    presigns = None

    def __init__(self, url, identity, scratch, fetched):
        self._url = url
        # From a file, so that no list of processes shows the secret.
        self._config = pathlib.Path(scratch) / "curlrc"
        self._config.write_text(f'user = "{identity.access_key}:{identity.secret_key}"\n'
                                'aws-sigv4 = "aws:amz:us-east-1:s3"\n'
                                'header = "x-amz-content-sha256: UNSIGNED-PAYLOAD"\n'
                                "silent\nshow-error\nfail-with-body\n")

    def _curl(self, *words, text=True):
        return run(["/usr/bin/curl", "--config", self._config, *words], text=text)

    def _at(self, bucket, key):
        return f"{self._url}/{bucket}/{key}"

    def upload(self, bucket, key, path):
        self._curl("--upload-file", path, self._at(bucket, key))

    def download(self, bucket, key, path):
        self._curl("--output", path, self._at(bucket, key))

    def download_range(self, bucket, key, path, first, length):
        self._curl("--range", f"{first}-{first + length - 1}", "--output", path,
                   self._at(bucket, key))

    def list(self, bucket):
        listed = self._curl(f"{self._url}/{bucket}?list-type=2").stdout
        found = re.findall(r"<Key>([^<]*)</Key>.*?<Size>(\d+)</Size>", listed, re.DOTALL)
        return {key: int(size) for key, size in found}

    def copy(self, bucket, source, target):
        self._curl("--request", "PUT", "--header", f"x-amz-copy-source: /{bucket}/{source}",
                   self._at(bucket, target))

    def delete(self, bucket, key):
        self._curl("--request", "DELETE", self._at(bucket, key))
