"""obstore: the object_store library for Rust, which many data tools read with."""

import datetime

import obstore
from driver import PART, serve
from obstore.store import S3Store


class Client:
    def __init__(self, url, access_key, secret_key):
        self._make = lambda bucket: S3Store(
            bucket, endpoint=url, region="us-east-1", access_key_id=access_key,
            secret_access_key=secret_key, virtual_hosted_style_request=False,
            client_options={"allow_http": True}, retry_config={"max_retries": 0})

    def upload(self, bucket, key, path):
        with open(path, "rb") as source:
            obstore.put(self._make(bucket), key, source, chunk_size=PART, use_multipart=None)

    def download(self, bucket, key, path):
        with open(path, "wb") as target:
            for piece in obstore.get(self._make(bucket), key):
                target.write(piece)

    def download_range(self, bucket, key, path, first, length):
        with open(path, "wb") as target:
            target.write(obstore.get_range(self._make(bucket), key, start=int(first),
                                           length=int(length)))

    def list(self, bucket):
        return {each["path"]: each["size"]
                for page in obstore.list(self._make(bucket), chunk_size=2) for each in page}

    def copy(self, bucket, source, target):
        obstore.copy(self._make(bucket), source, target)

    def delete(self, bucket, key):
        obstore.delete(self._make(bucket), key)

    def presign(self, bucket, key):
        return obstore.sign(self._make(bucket), "GET", key, datetime.timedelta(minutes=5))


if __name__ == "__main__":
    serve(Client)
