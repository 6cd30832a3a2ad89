# What a workflow on GitHub deploys as. There is no secret: AWS trusts GitHub's token for jobs of this
# repository that run in one of these environments, and for no other job.

locals {
  deployers    = var.repository == null ? 0 : 1
  environments = length(var.github_environments) == 0 ? [var.target] : var.github_environments

  # A repository that was made, renamed or transferred since 15 July 2026 names itself with numbers,
  # an older one without: https://docs.github.com/actions/reference/security/oidc
  by_name   = var.repository == null ? [] : ["repo:${var.repository}"]
  by_number = var.repository == null || var.repository_id == null ? [] : ["repo:${split("/", var.repository)[0]}@${var.owner_id}/${split("/", var.repository)[1]}@${var.repository_id}"]
  subjects  = [for pair in setproduct(concat(local.by_name, local.by_number), local.environments) : "${pair[0]}:environment:${pair[1]}"]

  issuer = "token.actions.githubusercontent.com"
  trust  = one(concat(aws_iam_openid_connect_provider.github[*].arn, data.aws_iam_openid_connect_provider.github[*].arn))
}

resource "aws_iam_openid_connect_provider" "github" {
  count = local.deployers == 1 && var.makes_github_provider ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]

  lifecycle {
    # AWS knows GitHub's certificates by itself, and writes a thumbprint that nobody compares.
    ignore_changes = [thumbprint_list]
  }
}

data "aws_iam_openid_connect_provider" "github" {
  count = local.deployers == 1 && !var.makes_github_provider ? 1 : 0

  url = "https://${local.issuer}"
}

data "aws_iam_policy_document" "deployer_assume" {
  count = local.deployers

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.trust]
    }
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = local.subjects
    }
  }
}

resource "aws_iam_role" "deployer" {
  count = local.deployers

  name                 = "${local.name}-deployer"
  assume_role_policy   = data.aws_iam_policy_document.deployer_assume[0].json
  max_session_duration = 7200
}

data "aws_iam_policy_document" "deployer" {
  count = local.deployers

  #checkov:skip=CKV_AWS_356:What has no resource in IAM is looked at only, or is a login.
  statement {
    sid = "Look"
    actions = [
      "application-autoscaling:DescribeScalableTargets",
      "application-autoscaling:DescribeScalingActivities",
      "cloudwatch:GetMetricData",
      "ec2:DescribeNetworkInterfaces",
      "ecr:GetAuthorizationToken",
      "ecs:DescribeTaskDefinition",
      "ecs:ListTaskDefinitions",
      "elasticloadbalancing:DescribeListeners",
      "elasticloadbalancing:DescribeLoadBalancers",
      "elasticloadbalancing:DescribeRules",
      "elasticloadbalancing:DescribeTargetGroupAttributes",
      "elasticloadbalancing:DescribeTargetGroups",
      "elasticloadbalancing:DescribeTargetHealth",
      "secretsmanager:ListSecrets",
    ]
    resources = ["*"]
  }
  statement {
    sid = "Push"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:CompleteLayerUpload",
      "ecr:DescribeImages",
      "ecr:DescribeRepositories",
      "ecr:GetDownloadUrlForLayer",
      "ecr:InitiateLayerUpload",
      "ecr:ListImages",
      "ecr:PutImage",
      "ecr:UploadLayerPart",
    ]
    resources = [aws_ecr_repository.main.arn]
  }
  # A definition has no name of ours before it is registered; its tags are what a release is told by.
  statement {
    sid       = "Register"
    actions   = ["ecs:RegisterTaskDefinition", "ecs:TagResource"]
    resources = ["arn:${local.partition}:ecs:${var.region}:${local.account}:task-definition/${local.service}:*"]
  }
  statement {
    sid       = "Prune"
    actions   = ["ecs:DeregisterTaskDefinition"]
    resources = ["*"]
  }
  statement {
    sid = "Deploy"
    actions = [
      "ecs:ContinueServiceDeployment",
      "ecs:DescribeServiceDeployments",
      "ecs:DescribeServiceRevisions",
      "ecs:DescribeServices",
      "ecs:ListServiceDeployments",
      "ecs:StopServiceDeployment",
      "ecs:UpdateService",
    ]
    resources = [
      aws_ecs_service.main.id,
      "arn:${local.partition}:ecs:${var.region}:${local.account}:service-deployment/${local.cluster}/${local.service}/*",
      "arn:${local.partition}:ecs:${var.region}:${local.account}:service-revision/${local.cluster}/${local.service}/*",
    ]
  }
  statement {
    sid       = "LookAtTasks"
    actions   = ["ecs:DescribeClusters", "ecs:DescribeTasks", "ecs:ListTasks"]
    resources = ["*"]

    condition {
      test     = "ArnEqualsIfExists"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.main.arn]
    }
  }
  statement {
    sid       = "Scale"
    actions   = ["application-autoscaling:RegisterScalableTarget"]
    resources = ["arn:${local.partition}:application-autoscaling:${var.region}:${local.account}:scalable-target/*"]

    condition {
      test     = "StringEquals"
      variable = "application-autoscaling:service-namespace"
      values   = ["ecs"]
    }
  }
  statement {
    sid       = "GiveRoles"
    actions   = ["iam:PassRole"]
    resources = concat([aws_iam_role.execution.arn, aws_iam_role.task.arn], aws_iam_role.ecs[*].arn)

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com", "ecs.amazonaws.com"]
    }
  }
  statement {
    sid = "KeepSecrets"
    actions = [
      "secretsmanager:CreateSecret",
      "secretsmanager:DescribeSecret",
      "secretsmanager:GetSecretValue",
      "secretsmanager:ListSecretVersionIds",
      "secretsmanager:PutSecretValue",
      "secretsmanager:RestoreSecret",
      "secretsmanager:TagResource",
      "secretsmanager:UpdateSecretVersionStage",
    ]
    resources = [local.secrets]
  }
  statement {
    sid       = "KeepRecords"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.main.arn}/*"]
  }
  statement {
    sid       = "ListRecords"
    actions   = ["s3:GetBucketVersioning", "s3:ListBucket"]
    resources = [aws_s3_bucket.main.arn]
  }
  statement {
    sid = "ReadLogs"
    actions = [
      "logs:DescribeLogStreams",
      "logs:FilterLogEvents",
      "logs:GetLogEvents",
      "logs:StartLiveTail",
    ]
    resources = [aws_cloudwatch_log_group.tasks.arn, "${aws_cloudwatch_log_group.tasks.arn}:*"]
  }
}

resource "aws_iam_role_policy" "deployer" {
  count = local.deployers

  name   = "llmops"
  role   = aws_iam_role.deployer[0].id
  policy = data.aws_iam_policy_document.deployer[0].json
}
