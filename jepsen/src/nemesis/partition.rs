//! Cuts between nodes, of every shape. Clients go on reaching all of them.

use async_trait::async_trait;
use gofer_rng::Rng;

use super::{Nemesis, Strike};

#[derive(Debug)]
pub(super) struct Partition;

/// How nodes are cut off from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// A minority and the rest.
    Halves,
    /// The leader and the rest.
    Leader,
    /// What a minority sends is lost; what it is sent arrives.
    OneWay,
    /// Two groups that only one node reaches.
    Bridge,
    /// Each node reaches its two neighbours only; with three nodes, it hears the next one only.
    Ring,
    /// Nobody reaches anybody.
    Alone,
}

const SHAPES: [Shape; 6] = [Shape::Halves, Shape::Leader, Shape::OneWay, Shape::Bridge, Shape::Ring, Shape::Alone];

#[async_trait]
impl Nemesis for Partition {
    fn name(&self) -> &'static str {
        "partition"
    }

    fn about(&self) -> &'static str {
        "cuts between nodes: a minority, the leader, one way, bridge, ring, all"
    }

    async fn strike(&self, strike: &mut Strike) -> anyhow::Result<bool> {
        let lab = strike.lab.clone();
        let shape = SHAPES[strike.rng.below(SHAPES.len())];
        let leader = lab.leader().await.unwrap_or(0);
        let mut order: Vec<usize> = (0..lab.size()).collect();
        strike.rng.shuffle(&mut order);
        let cuts = cuts(shape, &order, leader, &mut strike.rng);
        let text: Vec<String> = cuts.iter().map(|(from, to)| format!("n{}->n{}", from + 1, to + 1)).collect();
        let fault = lab.journal.fault(self.name(), format!("{shape:?} {}", text.join(" ")));
        for (from, to) in cuts {
            lab.network.cut(from, to)?;
        }
        strike.hold().await;
        lab.network.join()?;
        drop(fault);
        Ok(true)
    }
}

/// Which node no longer reaches which.
fn cuts(shape: Shape, order: &[usize], leader: usize, rng: &mut Rng) -> Vec<(usize, usize)> {
    let size = order.len();
    let minority = rng.range(1, ((size - 1) / 2) as u64);
    let minority = usize::try_from(minority).unwrap_or(1);
    let place = |node: usize| order.iter().position(|other| *other == node).unwrap_or(0);
    let is_cut = |from: usize, to: usize| {
        let (a, b) = (place(from), place(to));
        let (small, other_small) = (a < minority, b < minority);
        match shape {
            Shape::Halves => small != other_small,
            Shape::Leader => from == leader || to == leader,
            Shape::OneWay => small && !other_small,
            // The node in the middle of the order is the bridge.
            Shape::Bridge => (a < size / 2 && b > size / 2) || (a > size / 2 && b < size / 2),
            Shape::Ring if size == 3 => (a + 1) % size != b,
            Shape::Ring => (a + 1) % size != b && (b + 1) % size != a,
            Shape::Alone => true,
        }
    };
    let pairs = (0..size).flat_map(|from| (0..size).map(move |to| (from, to)));
    pairs.filter(|(from, to)| from != to && is_cut(*from, *to)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(shape: Shape, size: usize) -> usize {
        let order: Vec<usize> = (0..size).collect();
        cuts(shape, &order, 1, &mut Rng::new(1)).len()
    }

    #[test]
    fn shapes_cut_what_they_say() {
        assert_eq!(cuts(Shape::Leader, &[2, 0, 1], 1, &mut Rng::new(1)), [(0, 1), (1, 0), (1, 2), (2, 1)]);
        assert_eq!(cuts(Shape::Halves, &[2, 0, 1], 1, &mut Rng::new(1)), [(0, 2), (1, 2), (2, 0), (2, 1)]);
        assert_eq!(cuts(Shape::OneWay, &[2, 0, 1], 1, &mut Rng::new(1)), [(2, 0), (2, 1)]);
        assert_eq!(cuts(Shape::Bridge, &[0, 1, 2], 1, &mut Rng::new(1)), [(0, 2), (2, 0)]);
        assert_eq!(cuts(Shape::Ring, &[0, 1, 2], 1, &mut Rng::new(1)), [(0, 2), (1, 0), (2, 1)]);
        assert_eq!((count(Shape::Ring, 5), count(Shape::Bridge, 5), count(Shape::Alone, 5)), (10, 8, 20));
    }
}
