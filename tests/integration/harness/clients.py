"""The S3 clients that people use, each behind the same few verbs.

A client is given an endpoint, an identity and a scratch directory for its configuration. Those
that cannot read an arbitrary range say so with `only_tails`. `presigns` is how their links are
signed, if they make any.
"""

import pathlib

import boto3
import boto3.s3.transfer
import botocore.config

from .content import MIB
from .processes import run

PART = 5 * MIB      # of multipart uploads: the smallest that S3 allows


class AwsCli:
    name = "aws cli"
    only_tails = False
    presigns = "SigV4"

    def __init__(self, url, identity, scratch):
        self._url = url
        config = pathlib.Path(scratch) / "aws-config"
        config.write_text("[default]\nregion = us-east-1\ns3 =\n  addressing_style = path\n"
                          f"  multipart_threshold = {PART}\n  multipart_chunksize = {PART}\n")
        self._environment = {
            "AWS_ACCESS_KEY_ID": identity.access_key,
            "AWS_SECRET_ACCESS_KEY": identity.secret_key,
            "AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""}

    def _aws(self, *words):
        return run(["/usr/bin/aws", "--endpoint-url", self._url, *words],
                   environment=self._environment)

    def upload(self, bucket, key, path):
        self._aws("s3", "cp", "--only-show-errors", path, f"s3://{bucket}/{key}")

    def download(self, bucket, key, path):
        self._aws("s3", "cp", "--only-show-errors", f"s3://{bucket}/{key}", path)

    def download_range(self, bucket, key, path, first, length):
        self._aws("s3api", "get-object", "--bucket", bucket, "--key", key,
                  "--range", f"bytes={first}-{first + length - 1}", path)

    def list(self, bucket):
        listed = self._aws("s3", "ls", "--recursive", f"s3://{bucket}").stdout
        return {line.split(maxsplit=3)[3]: int(line.split()[2]) for line in listed.splitlines()}

    def copy(self, bucket, source, target):
        self._aws("s3", "cp", "--only-show-errors", f"s3://{bucket}/{source}",
                  f"s3://{bucket}/{target}")

    def delete(self, bucket, key):
        self._aws("s3", "rm", "--only-show-errors", f"s3://{bucket}/{key}")

    def presign(self, bucket, key):
        return self._aws("s3", "presign", f"s3://{bucket}/{key}").stdout.strip()


class Boto3:
    name = "boto3"
    only_tails = False
    presigns = "SigV4"

    def __init__(self, url, identity, scratch):
        self.s3 = boto3.client(
            "s3", endpoint_url=url, region_name="us-east-1",
            aws_access_key_id=identity.access_key, aws_secret_access_key=identity.secret_key,
            config=botocore.config.Config(
                retries={"total_max_attempts": 1}, s3={"addressing_style": "path"},
                signature_version="s3v4", connect_timeout=10, read_timeout=60))
        self._transfer = boto3.s3.transfer.TransferConfig(
            multipart_threshold=PART, multipart_chunksize=PART)

    def upload(self, bucket, key, path):
        self.s3.upload_file(str(path), bucket, key, Config=self._transfer)

    def download(self, bucket, key, path):
        self.s3.download_file(bucket, key, str(path), Config=self._transfer)

    def download_range(self, bucket, key, path, first, length):
        got = self.s3.get_object(Bucket=bucket, Key=key,
                                 Range=f"bytes={first}-{first + length - 1}")
        pathlib.Path(path).write_bytes(got["Body"].read())

    def list(self, bucket):
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, PaginationConfig={"PageSize": 2})
        return {each["Key"]: each["Size"] for page in pages for each in page.get("Contents", [])}

    def copy(self, bucket, source, target):
        self.s3.copy_object(Bucket=bucket, Key=target, CopySource={"Bucket": bucket,
                                                                   "Key": source})

    def delete(self, bucket, key):
        self.s3.delete_object(Bucket=bucket, Key=key)

    def presign(self, bucket, key):
        return self.s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key})


class S3cmd:
    name = "s3cmd"
    only_tails = True       # its only range is --continue
    presigns = "SigV2"

    def __init__(self, url, identity, scratch):
        host = url.removeprefix("http://")
        self._config = pathlib.Path(scratch) / "s3cfg"
        self._config.write_text(
            f"[default]\naccess_key = {identity.access_key}\nsecret_key = {identity.secret_key}\n"
            f"host_base = {host}\nhost_bucket = {host}\nuse_https = False\n"
            f"bucket_location = us-east-1\nmultipart_chunk_size_mb = {PART // MIB}\n"
            "max_retries = 1\n")

    def _s3cmd(self, *words):
        return run(["/usr/bin/s3cmd", "-c", self._config, "--no-progress", *words])

    def upload(self, bucket, key, path):
        self._s3cmd("put", path, f"s3://{bucket}/{key}")

    def download(self, bucket, key, path):
        self._s3cmd("get", "--force", f"s3://{bucket}/{key}", path)

    def download_range(self, bucket, key, path, first, length):
        path = pathlib.Path(path)
        path.write_bytes(b"\0" * first)
        self._s3cmd("get", "--continue", f"s3://{bucket}/{key}", path)
        path.write_bytes(path.read_bytes()[first:])

    def list(self, bucket):
        listed = self._s3cmd("ls", "--recursive", f"s3://{bucket}").stdout
        rows = (line.split(maxsplit=3) for line in listed.splitlines())
        return {row[3].removeprefix(f"s3://{bucket}/"): int(row[2]) for row in rows}

    def copy(self, bucket, source, target):
        self._s3cmd("cp", f"s3://{bucket}/{source}", f"s3://{bucket}/{target}")

    def delete(self, bucket, key):
        self._s3cmd("del", f"s3://{bucket}/{key}")

    def presign(self, bucket, key):
        return self._s3cmd("signurl", f"s3://{bucket}/{key}", "+300").stdout.strip()


class Rclone:
    name = "rclone"
    only_tails = False
    presigns = "SigV4"

    def __init__(self, url, identity, scratch):
        self._environment = {
            "RCLONE_CONFIG": str(pathlib.Path(scratch) / "rclone.conf"),
            "RCLONE_CONFIG_LODE_TYPE": "s3", "RCLONE_CONFIG_LODE_PROVIDER": "Ceph",
            "RCLONE_CONFIG_LODE_ACCESS_KEY_ID": identity.access_key,
            "RCLONE_CONFIG_LODE_SECRET_ACCESS_KEY": identity.secret_key,
            "RCLONE_CONFIG_LODE_ENDPOINT": url, "RCLONE_CONFIG_LODE_REGION": "us-east-1",
            "RCLONE_S3_NO_CHECK_BUCKET": "true", "RCLONE_S3_UPLOAD_CUTOFF": "5Mi",
            "RCLONE_S3_CHUNK_SIZE": "5Mi", "RCLONE_MULTI_THREAD_CUTOFF": "8Mi",
            "RCLONE_RETRIES": "1", "RCLONE_LOW_LEVEL_RETRIES": "1"}
        (pathlib.Path(scratch) / "rclone.conf").touch()

    def _rclone(self, *words, text=True):
        return run(["/usr/bin/rclone", *words], environment=self._environment, text=text)

    def upload(self, bucket, key, path):
        self._rclone("copyto", path, f"lode:{bucket}/{key}")

    def download(self, bucket, key, path):
        self._rclone("copyto", "--ignore-times", f"lode:{bucket}/{key}", path)

    def download_range(self, bucket, key, path, first, length):
        read = self._rclone("cat", "--offset", str(first), "--count", str(length),
                            f"lode:{bucket}/{key}", text=False)
        pathlib.Path(path).write_bytes(read.stdout)

    def list(self, bucket):
        listed = self._rclone("lsf", "--recursive", "--files-only", "--format", "ps",
                              f"lode:{bucket}").stdout
        rows = (line.rsplit(";", 1) for line in listed.splitlines())
        return {path: int(size) for path, size in rows}

    def copy(self, bucket, source, target):
        self._rclone("copyto", f"lode:{bucket}/{source}", f"lode:{bucket}/{target}")

    def delete(self, bucket, key):
        self._rclone("deletefile", f"lode:{bucket}/{key}")

    def presign(self, bucket, key):
        return self._rclone("link", "--expire", "5m", f"lode:{bucket}/{key}").stdout.strip()
