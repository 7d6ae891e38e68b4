package web

import (
	"slices"
	"time"

	"sipas/survey"
)

// node is a node of JSON-LD.
type node map[string]any

// catalogOf lists a dataset for each wave, with the files of its newest release; the earlier ones stay at their addresses and are
// named as its versions.
func catalogOf(base string, all []*listedRelease) node {
	catalog := node{
		"@context": node{
			"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/", "foaf": "http://xmlns.com/foaf/0.1/",
			"skos": "http://www.w3.org/2004/02/skos/core#", "spdx": "http://spdx.org/rdf/terms#", "xsd": "http://www.w3.org/2001/XMLSchema#",
			"adms": "http://www.w3.org/ns/adms#",
		},
		"@id": base + "/catalog.jsonld", "@type": "dcat:Catalog",
		"dct:title":       textNodes(survey.Text{survey.Vietnamese: "Kết quả hài lòng đã công bố", survey.English: "Published satisfaction results"}),
		"dct:description": textNodes(survey.Text{survey.Vietnamese: "Mức độ hài lòng của người dân với dịch vụ hành chính, kèm khoảng tin cậy và cách tính.", survey.English: "Satisfaction of citizens with administrative services, with intervals and method."}),
		"dct:language":    []string{"vi", "en"}, "foaf:homepage": node{"@id": base + "/releases"},
	}
	datasets := []node{}
	for i, o := range all {
		if i == len(all)-1 {
			describe(catalog, o)
			catalog["dct:modified"] = instant(o.madeAt)
			catalog["dct:issued"] = instant(all[0].madeAt)
		}
		if next(all, o) == nil {
			datasets = append(datasets, dataset(base, all, o))
		}
	}
	slices.Reverse(datasets) // the newest first
	catalog["dcat:dataset"] = datasets
	return catalog
}

// describe adds publisher and license.
func describe(n node, o *listedRelease) {
	n["dct:publisher"] = node{"@type": "foaf:Organization", "foaf:name": textNodes(o.context.Publisher)}
	if l := o.context.License; l != "" {
		n["dct:license"] = node{"@id": l}
	}
}

// dataset is a wave as its newest release has it.
func dataset(base string, all []*listedRelease, o *listedRelease) node {
	ctx := o.context
	about := base + "/releases/" + string(o.Wave)
	d := node{
		"@id": about, "@type": "dcat:Dataset", "dct:identifier": string(o.Wave), "dct:title": textNodes(ctx.Title),
		"dct:modified": instant(o.madeAt), "dcat:version": node{"@value": o.Number, "@type": "xsd:positiveInteger"},
		"dcat:landingPage": node{"@id": base + o.path()}, "dcat:theme": node{"@id": "http://publications.europa.eu/resource/authority/data-theme/GOVE"},
		"dct:temporal":   node{"@type": "dct:PeriodOfTime", "dcat:startDate": day(ctx.From), "dcat:endDate": day(ctx.To)},
		"dct:spatial":    node{"@type": "dct:Location", "dct:identifier": string(ctx.Province), "skos:prefLabel": textNodes(o.place)},
		"dct:conformsTo": node{"@id": base + "/releases/schema.json"},
		"dcat:distribution": []node{
			distribution(base, o, ".json", "application/json", o.doc),
			distribution(base, o, ".csv", "text/csv", o.csv),
		},
	}
	describe(d, o)
	if o.reason != "" {
		d["adms:versionNotes"] = o.reason
	}
	var versions []node
	for _, other := range all {
		if other.Wave != o.Wave {
			continue
		}
		if other.Number == 1 {
			d["dct:issued"] = instant(other.madeAt)
		}
		versions = append(versions, node{"@id": base + other.path()})
		if other.Number == o.Number-1 {
			d["dcat:previousVersion"] = node{"@id": base + other.path()}
		}
	}
	d["dcat:hasVersion"] = versions
	return d
}

// distribution is one file of a release.
func distribution(base string, o *listedRelease, ending, kind string, file fileFacts) node {
	address := base + o.path() + ending
	n := node{
		"@id": address, "@type": "dcat:Distribution", "dcat:accessURL": node{"@id": address}, "dcat:downloadURL": node{"@id": address},
		"dcat:mediaType": node{"@id": "https://www.iana.org/assignments/media-types/" + kind},
		"dcat:byteSize":  node{"@value": file.size, "@type": "xsd:nonNegativeInteger"},
		"dct:issued":     instant(o.madeAt), "dct:modified": instant(o.madeAt),
		"spdx:checksum": node{
			"@type": "spdx:Checksum", "spdx:algorithm": node{"@id": "spdx:checksumAlgorithm_sha256"},
			"spdx:checksumValue": node{"@value": file.sum, "@type": "xsd:hexBinary"},
		},
	}
	if l := o.context.License; l != "" {
		n["dct:license"] = node{"@id": l}
	}
	return n
}

func textNodes(t survey.Text) []node {
	out := []node{}
	for _, l := range survey.Languages() {
		if t[l] != "" {
			out = append(out, node{"@value": t[l], "@language": string(l)})
		}
	}
	return out
}

func instant(t time.Time) node {
	return node{"@value": t.UTC().Format(time.RFC3339), "@type": "xsd:dateTime"}
}

func day(d survey.Day) node { return node{"@value": string(d), "@type": "xsd:date"} }
