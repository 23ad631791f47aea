"""Airflow tasks that run one steamflow program each. The DAG files of this project import
`steamflow.task`, and `steamflow.assets` to react to what the sources deliver. DAGs of other projects
import `steamflow.operators`.

Nothing in this package reads Airflow's database or the network while a DAG file is parsed."""
