"""The native client of the S3 connector for PyTorch: Mountpoint's, on the AWS Common Runtime. It
reads in parallel ranges that are tied together by If-Match, and writes in parts with trailers."""

import os

from driver import PART, serve
from s3torchconnectorclient._mountpoint_s3_client import MountpointS3Client


class Client:
    def __init__(self, url, access_key, secret_key):
        os.environ["AWS_ACCESS_KEY_ID"] = access_key
        os.environ["AWS_SECRET_ACCESS_KEY"] = secret_key
        self._s3 = MountpointS3Client(
            region="us-east-1", user_agent_prefix="lode-tests", throughput_target_gbps=1.0,
            part_size=PART, endpoint=url, force_path_style=True, max_attempts=1)

    def upload(self, bucket, key, path):
        with open(path, "rb") as source:
            stream = self._s3.put_object(bucket, key)
            while piece := source.read(1 << 20):
                stream.write(piece)
            stream.close()

    def download(self, bucket, key, path):
        self._save(self._s3.get_object(bucket, key), path)

    def download_range(self, bucket, key, path, first, length):
        self._save(self._s3.get_object(bucket, key, int(first), int(first) + int(length)), path)

    def _save(self, stream, path):
        with open(path, "wb") as target:
            for piece in stream:
                target.write(piece)

    def list(self, bucket):
        return {each.key: each.size for page in self._s3.list_objects(bucket, "", "", 2)
                for each in page.object_info}

    def copy(self, bucket, source, target):
        self._s3.copy_object(bucket, source, bucket, target)

    def delete(self, bucket, key):
        self._s3.delete_object(bucket, key)


if __name__ == "__main__":
    serve(Client)
