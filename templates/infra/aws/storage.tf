# The project's bucket: the lock of deploys, their history, and what the network refused.

resource "aws_s3_bucket" "main" {
  #checkov:skip=CKV_AWS_18:Who read or wrote is in CloudTrail; a bucket for the logs of a bucket has no end.
  #checkov:skip=CKV_AWS_144:Lock and history are of one region, as is what they are about.
  #checkov:skip=CKV_AWS_145:Keys of AWS encrypt it; a key of one's own costs and protects from nobody else.
  #checkov:skip=CKV2_AWS_62:Nobody waits for what is written here.
  bucket = "${trimsuffix(substr(local.name, 0, 40), "-")}-llmops-${local.suffix}"
  # Otherwise nothing that was ever deployed to could be destroyed.
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_versioning" "main" {
  bucket = aws_s3_bucket.main.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "main" {
  bucket = aws_s3_bucket.main.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "main" {
  bucket                  = aws_s3_bucket.main.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "main" {
  bucket = aws_s3_bucket.main.id

  # The lock is written every few seconds of a deploy.
  rule {
    id     = "forget"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
  rule {
    id     = "forget-network"
    status = "Enabled"

    filter {
      prefix = "network/"
    }
    expiration {
      days = var.log_retention_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.main]
}

data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "OnlyByTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.main.arn, "${aws_s3_bucket.main.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  dynamic "statement" {
    for_each = var.flow_logs ? [1] : []
    content {
      sid       = "LogsOfTheNetwork"
      actions   = ["s3:PutObject", "s3:GetBucketAcl"]
      resources = [aws_s3_bucket.main.arn, "${aws_s3_bucket.main.arn}/network/*"]

      principals {
        type        = "Service"
        identifiers = ["delivery.logs.amazonaws.com"]
      }
      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [local.account]
      }
    }
  }
}

resource "aws_s3_bucket_policy" "main" {
  bucket = aws_s3_bucket.main.id
  policy = data.aws_iam_policy_document.bucket.json

  depends_on = [aws_s3_bucket_public_access_block.main]
}
