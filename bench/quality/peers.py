"""What others recommend with. Each peer is made of the training playlists, and scores all songs for some
seeds. Parameters are usual ones, not searched for."""

import implicit
import numpy
import scipy.sparse


def matrix(split):
    """Playlists by songs, ones."""
    lengths = [len(songs) for songs in split.train]
    offsets = numpy.concatenate([[0], numpy.cumsum(lengths)])
    songs = numpy.concatenate([numpy.array(songs, int) for songs in split.train])
    ones = numpy.ones(len(songs), numpy.float32)
    return scipy.sparse.csr_matrix((ones, songs, offsets), (len(lengths), len(split.support)))


def popularity(split):
    return lambda seeds: split.support.astype(float)


def item_knn(split):
    """Item-kNN over tf-idf weights, 200 neighbours (implicit)."""
    model = implicit.nearest_neighbours.TFIDFRecommender(K=200)
    model.fit(matrix(split), show_progress=False)
    similar = model.similarity.tocsr()
    return lambda seeds: numpy.asarray(similar[seeds].sum(axis=0)).ravel()


def als(factors):
    """Matrix factorisation for implicit feedback (Hu, Koren, Volinsky 2008; implicit)."""
    def made(split):
        playlists = matrix(split)
        model = implicit.als.AlternatingLeastSquares(
            factors=factors, regularization=0.01, alpha=20, iterations=15, random_state=1)
        model.fit(playlists, show_progress=False)

        def scores(seeds):
            if not seeds:
                return split.support.astype(float)
            row = scipy.sparse.csr_matrix(
                (numpy.ones(len(seeds), numpy.float32), ([0] * len(seeds), seeds)),
                (1, playlists.shape[1]))
            return model.item_factors @ model.recalculate_user(0, row).ravel()
        return scores
    made.__doc__ = als.__doc__
    return made


def ease(items, ridge=300):
    """EASE (Steck 2019) on the most frequent songs."""
    def made(split):
        frequent = split.popular[:items]
        playlists = matrix(split)[:, frequent]
        inverse = numpy.linalg.inv(
            (playlists.T @ playlists).toarray() + ridge * numpy.eye(len(frequent), dtype=numpy.float32))
        weights = inverse / -numpy.diag(inverse)
        numpy.fill_diagonal(weights, 0)
        place = numpy.full(len(split.support), -1)
        place[frequent] = numpy.arange(len(frequent))

        def scores(seeds):
            all_scores = numpy.full(len(split.support), -1e9)
            known = place[seeds]
            all_scores[frequent] = weights[known[known >= 0]].sum(axis=0)
            return all_scores
        return scores
    made.__doc__ = ease.__doc__
    return made


def playlist_knn(split, neighbours=1000):
    """Playlist-kNN: the playlists most like the seeds by the cosine of tf-idf weights vote."""
    playlists = matrix(split)
    idf = numpy.log(playlists.shape[0] / split.support)
    weighted = playlists.multiply(idf).tocsr()
    norms = numpy.sqrt(numpy.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    by_song = weighted.T.tocsr()

    def scores(seeds):
        shared = numpy.asarray(by_song[seeds].multiply(idf[seeds][:, None]).sum(axis=0)).ravel()
        likeness = shared / norms
        nearest = numpy.argsort(-likeness, kind="stable")[:neighbours]
        return playlists[nearest].T @ likeness[nearest]
    return scores


def vmis_knn(split, neighbours=1500):
    """VMIS-kNN, as in Serenade (Kersbergen, Sprangers, Schelter 2022), without its sampling by recency,
    which playlists do not have."""
    playlists = matrix(split)
    by_song = playlists.T.tocsr()
    idf = numpy.log(playlists.shape[0] / split.support)

    def scores(seeds):
        if not seeds:
            return split.support.astype(float)
        position = numpy.arange(1, len(seeds) + 1) / len(seeds)
        likeness = by_song[seeds].T @ position
        # The weight of the last song that both share.
        last = by_song[seeds].multiply(numpy.arange(1, len(seeds) + 1)[:, None]).max(axis=0)
        back = len(seeds) - numpy.asarray(last.todense()).ravel()
        nearest = numpy.argsort(-likeness, kind="stable")[:neighbours]
        match = numpy.maximum(0, 1 - 0.1 * back[nearest])
        return (playlists[nearest].T @ (likeness[nearest] * match)) * idf
    return scores


PEERS = {
    "the most popular": popularity,
    "item-kNN, tf-idf": item_knn,
    "playlist-kNN": playlist_knn,
    "VMIS-kNN": vmis_knn,
    "EASE, 5,000 songs": ease(5000),
    "EASE, 10,000 songs": ease(10_000),
    "ALS, 128 factors": als(128),
    "ALS, 256 factors": als(256),
}
