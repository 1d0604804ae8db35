"""boto3 as it is today: a checksum with every upload (in a header, as long as there is no TLS), checks
on reads, and downloads in ranges that If-Match ties together."""

import boto3
import boto3.s3.transfer
import botocore.config
from driver import PART, serve


class Client:
    def __init__(self, url, access_key, secret_key):
        # Its own defaults wherever possible: "when_supported" for checksums, CRC32 unless told.
        self.s3 = boto3.client(
            "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=botocore.config.Config(
                retries={"total_max_attempts": 1}, s3={"addressing_style": "path"},
                connect_timeout=10, read_timeout=60))
        self._transfer = boto3.s3.transfer.TransferConfig(
            multipart_threshold=PART, multipart_chunksize=PART)

    def upload(self, bucket, key, path, algorithm=None):
        extra = {"ChecksumAlgorithm": algorithm} if algorithm else None
        self.s3.upload_file(path, bucket, key, Config=self._transfer, ExtraArgs=extra)

    def download(self, bucket, key, path):
        self.s3.download_file(bucket, key, path, Config=self._transfer)

    def download_checked(self, bucket, key, path):
        """One GET with x-amz-checksum-mode; returns the checksums that came with it."""
        got = self.s3.get_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        with open(path, "wb") as target:
            target.write(got["Body"].read())
        headers = got["ResponseMetadata"]["HTTPHeaders"]
        return {name: value for name, value in headers.items()
                if name.startswith("x-amz-checksum-")}

    def download_range(self, bucket, key, path, first, length):
        last = int(first) + int(length) - 1
        got = self.s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={first}-{last}")
        with open(path, "wb") as target:
            target.write(got["Body"].read())

    def list(self, bucket):
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, PaginationConfig={"PageSize": 2})
        return {each["Key"]: each["Size"] for page in pages for each in page.get("Contents", [])}

    def copy(self, bucket, source, target):
        self.s3.copy_object(Bucket=bucket, Key=target,
                            CopySource={"Bucket": bucket, "Key": source})

    def delete(self, bucket, key):
        self.s3.delete_object(Bucket=bucket, Key=key)

    def presign(self, bucket, key):
        return self.s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key})


if __name__ == "__main__":
    serve(Client)
