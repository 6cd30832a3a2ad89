{% include "init/litellm-proxy/start.py" -%}
