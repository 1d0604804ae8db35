"""minio: MinIO's own client library for Python."""

import datetime

from driver import PART, serve
from minio import Minio
from minio.commonconfig import CopySource


class Client:
    def __init__(self, url, access_key, secret_key):
        self._s3 = Minio(url.removeprefix("http://"), access_key=access_key,
                         secret_key=secret_key, region="us-east-1", secure=False)

    def upload(self, bucket, key, path):
        self._s3.fput_object(bucket, key, path, part_size=PART)

    def download(self, bucket, key, path):
        self._s3.fget_object(bucket, key, path)

    def download_range(self, bucket, key, path, first, length):
        got = self._s3.get_object(bucket, key, offset=int(first), length=int(length))
        with open(path, "wb") as target:
            for piece in got.stream(1 << 20):
                target.write(piece)
        got.release_conn()

    def list(self, bucket):
        return {each.object_name: each.size
                for each in self._s3.list_objects(bucket, recursive=True)}

    def copy(self, bucket, source, target):
        self._s3.copy_object(bucket, target, CopySource(bucket, source))

    def delete(self, bucket, key):
        self._s3.remove_object(bucket, key)

    def presign(self, bucket, key):
        return self._s3.presigned_get_object(bucket, key, datetime.timedelta(minutes=5))


if __name__ == "__main__":
    serve(Client)
