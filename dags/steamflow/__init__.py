"""The Airflow task that runs one steamflow program. The DAG files import `steamflow.task`, and
`steamflow.assets` where they listen to what the sources deliver; a DAG of somebody else
`steamflow.operators`.

Nothing in here reads Airflow's database, or the network, while a DAG file is parsed."""
