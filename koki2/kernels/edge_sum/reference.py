import numpy as np, jax.numpy as jnp
from jax import lax
from koki2.core.lane_ops import lane_form
import functools
def plain(source,target,base,weights,spikes):
    return base.at[np.array(target)].add(weights * spikes[np.array(source)])
def rows(source,target,axes,base,weights,spikes):
    lanes=jnp.broadcast_shapes(*(x.shape[1:] for x in (base,weights,spikes)))
    row=lambda a,i: lax.index_in_dim(a,i,0,keepdims=False)
    out=[row(base,n) for n in range(base.shape[0])]
    for e,(s,t) in enumerate(zip(source,target)):
        out[t]=out[t]+row(weights,e)*row(spikes,s)
    return jnp.stack([jnp.broadcast_to(o,lanes) for o in out])
def edge_sum(base, weights, spikes, source, target):
    return lane_form(functools.partial(plain,source,target), functools.partial(rows,source,target), base, weights, spikes)
def plain_trace(source,target,keep,trace,pre,post):
    return keep*trace + pre[np.array(source)]*post[np.array(target)]
def rows_trace(source,target,keep,axes,trace,pre,post):
    row=lambda a,i: lax.index_in_dim(a,i,0,keepdims=False)
    return jnp.stack([keep*row(trace,e)+row(pre,s)*row(post,t) for e,(s,t) in enumerate(zip(source,target))])
def edge_trace(trace,pre,post,source,target,keep):
    return lane_form(functools.partial(plain_trace,source,target,keep), functools.partial(rows_trace,source,target,keep), trace,pre,post)
