# The bucket that keeps the state of this infrastructure, and what locks it. `llmops infra apply`
# applies this once, and then moves this part's own state there too.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.4, < 7"
    }
  }

  backend "s3" {}
}

provider "aws" {
  region              = var.region
  allowed_account_ids = var.account == null ? null : [var.account]
  s3_use_path_style   = var.path_style

  default_tags {
    tags = {
      application = var.project
      target      = var.target
      managed-by  = "llmops"
    }
  }
}

variable "project" {
  description = "Name of the project."
  type        = string
}

variable "target" {
  description = "Name of the target in llmops.toml."
  type        = string
}

variable "region" {
  description = "Region of the bucket."
  type        = string
}

variable "account" {
  description = "Account of the bucket; Terraform refuses any other. Default: that of the credentials."
  type        = string
  default     = null
}

variable "path_style" {
  description = "Whether buckets are parts of paths and not of names, as something else than AWS wants."
  type        = bool
  default     = false
}

data "aws_caller_identity" "current" {}

locals {
  name   = "${var.project}-${var.target}"
  suffix = substr(sha256("${data.aws_caller_identity.current.account_id}/${var.region}/${local.name}/state"), 0, 8)
}

resource "aws_s3_bucket" "state" {
  #checkov:skip=CKV_AWS_18:Who read or wrote is in CloudTrail; a bucket for the logs of a bucket has no end.
  #checkov:skip=CKV_AWS_144:The state is of one region, as is what it describes; old versions are kept.
  #checkov:skip=CKV_AWS_145:Keys of AWS encrypt it; a key of one's own costs and protects from nobody else.
  #checkov:skip=CKV2_AWS_62:Nobody waits for what is written here.
  bucket = "${trimsuffix(substr(local.name, 0, 40), "-")}-tfstate-${local.suffix}"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket                  = aws_s3_bucket.state.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    id     = "forget"
    status = "Enabled"
    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 90
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.state]
}

data "aws_iam_policy_document" "state" {
  statement {
    sid       = "OnlyByTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"]

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
}

resource "aws_s3_bucket_policy" "state" {
  bucket = aws_s3_bucket.state.id
  policy = data.aws_iam_policy_document.state.json

  depends_on = [aws_s3_bucket_public_access_block.state]
}

output "region" {
  value = var.region
}

output "bucket" {
  value = aws_s3_bucket.state.bucket
}
