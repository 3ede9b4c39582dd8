"""The evidence bucket without its policy, which tests/policies has judged."""

from tests.sandbox import template

BUCKET = template.read().of_type("AWS::S3::Bucket")["EvidenceBucket"]


def test_nothing_of_the_bucket_is_public() -> None:
    assert set(BUCKET["PublicAccessBlockConfiguration"].values()) == {True}
    assert BUCKET["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_the_bucket_encrypts_with_the_key_of_this_stack_by_itself() -> None:
    (encryption,) = BUCKET["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": {"Fn::GetAtt": ["DataKey", "Arn"]},
    }
