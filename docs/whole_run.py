"""A whole evolution on one screen: pure functions, and one jitted scan above them."""

import jax
import jax.numpy as jnp
from jax import Array

import koki2
from koki2.evolution import Episode, rollout
from koki2.evolution.task import baseline

world = koki2.envs.chemotaxis()
task = koki2.make_task(world, koki2.AgentConfig(n_neurons=16, k_edges=4))
search = koki2.SearchConfig(pop_size=64, sigma=0.3, lr=0.5)
strategy = koki2.search.make(search, task.genome.size)
score = koki2.score()
evaluator = koki2.full_episodes(task.episode, score, episodes=4)


def generation(carry: tuple, key: Array) -> tuple[tuple, Array]:
    """Asks for genomes, develops agents, evaluates them, tells their fitness."""
    search, state = carry
    key_ask, key_develop, key_evaluate = jax.random.split(key, 3)
    genomes, search = strategy.ask(key_ask, search)
    agents = jax.vmap(lambda x: task.genome.develop(key_develop, x))(genomes)
    found, state = evaluator.evaluate(key_evaluate, state, agents)
    search = strategy.tell(search, genomes, found.shaped_fitness)
    return (search, state), jnp.mean(found.fitness)


def evolve(key: Array, generations: int) -> tuple[Array, Array]:
    """Runs the generations; returns the centre of the search, and mean fitnesses."""
    key_genome, key_search, key_run = jax.random.split(key, 3)
    search = strategy.init(key_search, task.genome.init(key_genome))
    keys = jax.random.split(key_run, generations)
    (search, _), fitness = jax.lax.scan(generation, (search, evaluator.init()), keys)
    return strategy.mean(search), fitness


def evaluate(key: Array, episode: Episode, agents: object = None) -> float:
    """Returns the mean fitness on 512 episodes that the search never saw."""
    stats = jax.jit(lambda keys: rollout(episode, keys, agents))
    fitness = jax.vmap(jax.vmap(score))(stats(jax.random.split(key, 512)))
    return float(jnp.mean(fitness))


def main(generations: int = 100, seed: int = 0) -> tuple[float, float]:
    """Evolves, then compares with an agent that moves at random. Returns both."""
    key_evolve, key_develop, key_unseen = jax.random.split(jax.random.key(seed), 3)
    mean, fitness = jax.jit(evolve, static_argnums=1)(key_evolve, generations)
    agents = jax.tree.map(lambda x: x[None], task.genome.develop(key_develop, mean))
    same = jax.random.clone(key_unseen)  # the same episodes for both
    ours = evaluate(key_unseen, task.episode, agents)
    walker = evaluate(same, baseline(world, "random"))
    print(f"mean fitness of a generation: {fitness[0]:.1f} -> {fitness[-1]:.1f}")
    print(f"on 512 unseen episodes: {ours:.1f}, at random {walker:.1f}")
    return ours, walker


if __name__ == "__main__":
    main()
