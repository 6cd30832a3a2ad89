locals {
  has_tls = var.domain != null
  tests   = length(var.test_networks) == 0 ? 0 : 1
  host    = coalesce(var.domain, aws_lb.main.dns_name)
  scheme  = local.has_tls ? "https" : "http"
  # Certificates are known here only after they are proven, or the listener would be refused.
  certificate = var.domain == null ? null : coalesce(var.certificate, one(aws_acm_certificate_validation.main[*].certificate_arn))
  listener    = one(concat(aws_lb_listener.https[*].arn, aws_lb_listener.http[*].arn))
  test_port   = local.has_tls ? 8443 : 8080
}

resource "aws_security_group" "balancer" {
  name_prefix = "${local.name}-balancer-"
  description = "Who may reach the load balancer"
  vpc_id      = aws_vpc.main.id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "balancer" {
  for_each = { for pair in setproduct(var.networks, local.has_tls ? [80, 443] : [80]) : "${pair[0]}-${pair[1]}" => pair }

  #checkov:skip=CKV_AWS_260:Port 80 only redirects where there is TLS; without, networks are named.
  description       = "Callers"
  security_group_id = aws_security_group.balancer.id
  cidr_ipv4         = each.value[0]
  ip_protocol       = "tcp"
  from_port         = each.value[1]
  to_port           = each.value[1]
}

resource "aws_vpc_security_group_ingress_rule" "test" {
  for_each = toset(var.test_networks)

  description       = "Who checks a release before it has traffic"
  security_group_id = aws_security_group.balancer.id
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = local.test_port
  to_port           = local.test_port
}

resource "aws_vpc_security_group_egress_rule" "balancer" {
  description                  = "Tasks"
  security_group_id            = aws_security_group.balancer.id
  referenced_security_group_id = aws_security_group.tasks.id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_lb" "main" {
  #checkov:skip=CKV_AWS_91:Requests are in the API's own logs, which hold no address of a caller.
  #checkov:skip=CKV_AWS_150:deletion_protection of llmops.toml decides.
  #checkov:skip=CKV2_AWS_76:The firewall has that rule; in bodies, which are prompts, it counts and does not refuse.
  #checkov:skip=CKV2_AWS_28:waf of llmops.toml decides.
  #checkov:skip=CKV2_AWS_20:Without a domain there is no TLS, and networks are named; with one it redirects.
  name                       = local.short
  internal                   = false
  load_balancer_type         = "application"
  subnets                    = values(aws_subnet.public)[*].id
  security_groups            = [aws_security_group.balancer.id]
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection
  # AWS's own 60 seconds would cut long answers that do not stream.
  idle_timeout = max(120, var.answer_seconds + 10)

  depends_on = [aws_internet_gateway.main]
}

# Two: a new release gets the one that has no traffic. Without a test listener only blue is used.
resource "aws_lb_target_group" "main" {
  for_each = toset(local.tests == 1 ? ["blue", "green"] : ["blue"])

  #checkov:skip=CKV_AWS_378:TLS ends at the load balancer; tasks let in nobody else.
  name                 = "${local.short}-${each.key}"
  port                 = var.port
  protocol             = "HTTP"
  target_type          = "ip"
  vpc_id               = aws_vpc.main.id
  deregistration_delay = min(3600, max(var.drain_seconds + 10, var.answer_seconds))

  health_check {
    path                = var.health_path
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener" "http" {
  count = local.has_tls ? 0 : 1

  #checkov:skip=CKV_AWS_2:Without a domain there is no certificate; only named networks get here.
  #checkov:skip=CKV_AWS_103:Without a domain there is no certificate; only named networks get here.
  load_balancer_arn = aws_lb.main.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "fixed-response"
    fixed_response {
      content_type = "application/json"
      message_body = jsonencode({ error = { message = "There is nothing here.", code = "not_found" } })
      status_code  = "404"
    }
  }
}

resource "aws_lb_listener" "redirect" {
  count = local.has_tls ? 1 : 0

  load_balancer_arn = aws_lb.main.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"
    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener" "https" {
  count = local.has_tls ? 1 : 0

  load_balancer_arn = aws_lb.main.arn
  port              = 443
  protocol          = "HTTPS"
  certificate_arn   = local.certificate
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"

  default_action {
    type = "fixed-response"
    fixed_response {
      content_type = "application/json"
      message_body = jsonencode({ error = { message = "There is nothing here.", code = "not_found" } })
      status_code  = "404"
    }
  }
}

resource "aws_lb_listener_rule" "main" {
  listener_arn = local.listener
  priority     = 100

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.main["blue"].arn
  }
  condition {
    path_pattern {
      values = ["/*"]
    }
  }

  lifecycle {
    # Which release has the traffic belongs to `llmops deploy`.
    ignore_changes = [action]
  }
}

# A release is asked here before anybody else sees it.
resource "aws_lb_listener" "test" {
  count = local.tests

  #checkov:skip=CKV_AWS_2:Without a domain there is no certificate; only named networks get here.
  #checkov:skip=CKV_AWS_103:The policy is the one of the public listener where there is TLS.
  load_balancer_arn = aws_lb.main.arn
  port              = local.test_port
  protocol          = local.has_tls ? "HTTPS" : "HTTP"
  certificate_arn   = local.certificate
  ssl_policy        = local.has_tls ? "ELBSecurityPolicy-TLS13-1-2-2021-06" : null

  default_action {
    type = "fixed-response"
    fixed_response {
      content_type = "application/json"
      message_body = jsonencode({ error = { message = "There is nothing here.", code = "not_found" } })
      status_code  = "404"
    }
  }
}

resource "aws_lb_listener_rule" "test" {
  count = local.tests

  listener_arn = aws_lb_listener.test[0].arn
  priority     = 100

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.main["green"].arn
  }
  condition {
    path_pattern {
      values = ["/*"]
    }
  }

  lifecycle {
    ignore_changes = [action]
  }
}
