data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  name      = "${var.project}-${var.target}"
  # Names of load balancers and their groups have at most 32 characters.
  short = trimsuffix(substr(local.name, 0, 24), "-")
  # The same in every apply; names of buckets are unique in all of AWS.
  suffix = substr(sha256("${local.account}/${var.region}/${local.name}"), 0, 8)

  cluster = coalesce(var.cluster, var.project)
  service = coalesce(var.service, var.project)

  secret_prefix = coalesce(var.secret_prefix, "${var.project}/")
  # Exactly the secrets of this project; AWS adds six characters of its own to each name.
  secrets = "arn:${local.partition}:secretsmanager:${var.region}:${local.account}:secret:${local.secret_prefix}*"
}
