"""The properties of the evidence bucket. tests/policies tests its policy."""

from tests.sandbox import template

BUCKET = template.read().of_type("AWS::S3::Bucket")["EvidenceBucket"]


def test_the_bucket_is_not_public() -> None:
    assert set(BUCKET["PublicAccessBlockConfiguration"].values()) == {True}
    assert BUCKET["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_the_bucket_encrypts_with_the_stacks_key_by_default() -> None:
    (encryption,) = BUCKET["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": {"Fn::GetAtt": ["DataKey", "Arn"]},
    }
