use super::*;

fn orders() -> TaggedResource {
    TaggedResource::Stream(stream())
}

fn tags(of: &[(&str, &str)]) -> Tags {
    of.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn numbered(numbers: std::ops::Range<usize>) -> Tags {
    numbers.map(|number| (format!("key{number:03}"), String::new())).collect()
}

#[test]
fn streams_and_consumers_are_tagged_by_arn() {
    let mut world = World::new(Settings::default());
    let stream_arn = world.model.describe_stream_summary(&stream(), world.now).unwrap().arn;
    for arn in [stream_arn, world.consumer.clone()] {
        let resource = TaggedResource::parse(&arn).unwrap();
        assert_eq!(resource.stream_name(), "orders");
        assert_eq!(world.model.list_tags(&resource, world.now).unwrap(), Tags::new());
        world.model.tag(&resource, &tags(&[("team", "a"), ("stage", "test")]), world.now).unwrap();
        world.model.tag(&resource, &tags(&[("team", "b")]), world.now).unwrap();
        world.model.untag(&resource, &["stage", "absent"], world.now).unwrap();
        assert_eq!(world.model.list_tags(&resource, world.now).unwrap(), tags(&[("team", "b")]));
    }
    let gone = TaggedResource::Consumer(format!("{}1", world.consumer));
    assert_eq!(code(world.model.list_tags(&gone, world.now)), "ResourceNotFoundException");
    assert_eq!(code(TaggedResource::parse("orders")), "ValidationException");
}

#[test]
fn tags_come_in_pages() {
    let mut world = World::new(Settings::default());
    world.model.tag(&orders(), &numbered(0..5), world.now).unwrap();
    let mut list = |after, limit| world.model.list_tags_for_stream(&stream(), after, limit, world.now);
    let first = list(None, Some(3)).unwrap();
    assert_eq!((first.tags, first.has_more), (numbered(0..3), true));
    let second = list(Some("key002"), Some(2)).unwrap();
    assert_eq!((second.tags, second.has_more), (numbered(3..5), false));
    assert_eq!(list(None, None).unwrap().tags.len(), 5);
    for bad in [0, 51] {
        assert_eq!(code(list(None, Some(bad))), "ValidationException");
    }
}

#[test]
fn a_resource_has_50_tags_at_most() {
    let mut world = World::new(Settings::default());
    world.model.tag(&orders(), &numbered(0..50), world.now).unwrap();
    world.model.tag(&orders(), &numbered(0..50), world.now).unwrap();
    let more = world.model.tag(&orders(), &numbered(50..51), world.now);
    assert_eq!(code(more), "InvalidArgumentException");
    assert_eq!(world.model.list_tags(&orders(), world.now).unwrap().len(), 50);
}

#[test]
fn what_a_tag_may_be_is_checked() {
    let mut world = World::new(Settings::default());
    let (long_key, long_value) = ("k".repeat(129), "v".repeat(257));
    for (bad, expected) in [
        (tags(&[]), "ValidationException"),
        (numbered(0..201), "ValidationException"),
        (tags(&[("", "v")]), "ValidationException"),
        (tags(&[(&long_key, "v")]), "ValidationException"),
        (tags(&[("k", &long_value)]), "ValidationException"),
        (tags(&[("k", "semi;colon")]), "InvalidArgumentException"),
        (tags(&[("AWS:k", "v")]), "InvalidArgumentException"),
    ] {
        assert_eq!(code(world.model.tag(&orders(), &bad, world.now)), expected, "{bad:?}");
    }
    world.model.tag(&orders(), &tags(&[("Ünï _.:/=+-@%", "")]), world.now).unwrap();
    assert_eq!(code(world.model.untag(&orders(), &[], world.now)), "ValidationException");
    assert_eq!(code(world.model.untag(&orders(), &["k"; 51], world.now)), "ValidationException");
}

#[test]
fn a_stream_is_created_with_its_tags_and_takes_them_along() {
    let mut model = Model::new(Settings { stream_creation_time: SECOND, ..Settings::default() });
    let now = Timestamp::from_millis(1_700_000_000_000);
    let request = |tags: Tags| CreateStreamRequest {
        name: "tagged".into(),
        shards: Some(1),
        tags,
        ..Default::default()
    };
    let created = model.create_stream_with(&request(numbered(0..51)), now);
    assert_eq!(code(created), "InvalidArgumentException");
    model.create_stream_with(&request(numbered(0..2)), now).unwrap();
    let resource = TaggedResource::Stream(StreamReference::Name("tagged".into()));
    assert_eq!(model.list_tags(&resource, now).unwrap(), numbered(0..2));
    let while_creating = model.tag(&resource, &numbered(2..3), now);
    assert_eq!(code(while_creating), "ResourceInUseException");
}
